"""What a table is: its columns, its key and the rules that its rows keep.

One declaration a table (:class:`Table`); DuckDB's columns, Arrow's types, the pandera contract and
the column descriptions that Dagster shows are all derived from it. Types and rules are words, so
that a code location which only shows them imports neither Arrow nor pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from gem_assets.settings import Modality

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Held: TypeAlias = NDArray[np.bool_]
    """Whether a rule holds, one truth a row."""


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A rule that each value of one column keeps; a null keeps every rule.

    Attributes
    ----------
    says
        The rule in words that follow the column's name: ``"lies in [0, 1]"``.
    check
        Name of the function in `gem_assets.warehouse.value_checks` that computes it.
    arguments
        What the function is called with, after the values.
    """

    says: str
    check: str
    arguments: tuple[Any, ...] = ()

    def holds(self, values: pa.Array) -> Held:
        """Tell which values keep the rule, one truth a row."""
        from gem_assets.warehouse import value_checks

        held: Held = getattr(value_checks, self.check)(values, *self.arguments)
        return held


class Span(Enum):
    """What a rule has to see at once, when rows come in pieces."""

    ROW = "a row"
    DATASET_KEY = "all rows: its columns name one row"
    DATASET_CONSTANT = "all rows: its columns are the same in a dataset"
    TABLE = "all rows, in their order"


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule over several columns of a row, or over the rows of a table.

    Attributes
    ----------
    says
        The rule in words.
    columns
        The columns it looks at.
    check
        Name of the function in `gem_assets.warehouse.row_checks` that computes it.
    arguments
        What the function is called with, after the frame and the columns.
    span
        What it has to see at once.
    """

    says: str
    columns: tuple[str, ...]
    check: str
    arguments: tuple[Any, ...] = ()
    span: Span = Span.ROW

    def holds(self, frame: pd.DataFrame) -> Held:
        """Tell which rows of a frame (columns of ``pd.ArrowDtype``) keep the rule."""
        from gem_assets.warehouse import row_checks

        held: Held = getattr(row_checks, self.check)(frame, *self.columns, *self.arguments)
        return held


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Name in DuckDB, Arrow and pandas.
    duckdb_type
        Type in DuckDB, a word of `gem_assets.warehouse.arrow_types`; Arrow's follows from it.
    description
        One sentence with the unit, shown in Dagster's catalogue.
    nullable
        Whether a value may be missing. The values of a list never may.
    rules
        Rules of the values.
    sc_type
        Type in single-cell schemas where it differs.
    """

    name: str
    duckdb_type: str
    description: str
    nullable: bool = False
    rules: tuple[ValueRule, ...] = ()
    sc_type: str | None = None

    def duckdb_type_in(self, modality: Modality) -> str:
        """Return the DuckDB type that the column has in a schema of this modality."""
        if modality == "sc" and self.sc_type is not None:
            return self.sc_type
        return self.duckdb_type

    def arrow_type_in(self, modality: Modality) -> pa.DataType:
        """Return the Arrow type that the column has in a schema of this modality."""
        from gem_assets.warehouse.arrow_types import arrow_type

        return arrow_type(self.duckdb_type_in(modality))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the warehouse and the contract of its rows.

    Attributes
    ----------
    name
        Name, the same in both schemas.
    description
        What a row is.
    columns
        Columns in their order.
    rules
        Rules over several columns or rows.
    asset
        Name of the asset that writes it.
    partitioned
        Whether rows belong to a dataset and are replaced with it; else the table is replaced whole.
    history
        Whether rows are only ever added, by :meth:`Warehouse.append_history`.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    rules: tuple[RowRule, ...]
    asset: str
    partitioned: bool = True
    history: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in their order."""
        return tuple(column.name for column in self.columns)

    def arrow_schema(self, modality: Modality) -> pa.Schema:
        """Return the Arrow schema of the table in a schema of this modality."""
        import pyarrow as pa

        return pa.schema(
            pa.field(column.name, column.arrow_type_in(modality), nullable=column.nullable)
            for column in self.columns
        )
