"""What a table is: its columns, its key and the rules that its rows keep.

One declaration a table (:class:`Table`); DuckDB's columns, Arrow's types, the pandera contract and
the column descriptions that Dagster shows are all derived from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from gem_assets.settings import Modality

Held = NDArray[np.bool_]
"""Whether a rule holds, one truth a row."""

_DUCKDB_TYPES: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
}


@dataclass(frozen=True, slots=True)
class ValueRule:
    """A rule that each value of one column keeps; a null keeps every rule.

    Attributes
    ----------
    says
        The rule in words that follow the column's name: ``"lies in [0, 1]"``.
    holds
        One truth a row of the array.
    plainly_holds
        Whether all rows keep it, where that is seen at a glance; False says nothing. Most arrays
        of counts are, and the rest is worth a second look.
    """

    says: str
    holds: Callable[[pa.Array], Held]
    plainly_holds: Callable[[pa.Array], bool] = lambda _: False


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
    holds
        One truth a row of the frame (columns of ``pd.ArrowDtype``).
    span
        What it has to see at once.
    """

    says: str
    columns: tuple[str, ...]
    holds: Callable[[pd.DataFrame], Held]
    span: Span = Span.ROW


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Name in DuckDB, Arrow and pandas.
    arrow_type
        Type in Arrow; DuckDB's follows from it.
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
    arrow_type: pa.DataType
    description: str
    nullable: bool = False
    rules: tuple[ValueRule, ...] = ()
    sc_type: pa.DataType | None = None

    def type_in(self, modality: Modality) -> pa.DataType:
        """Return the Arrow type that the column has in a schema of this modality."""
        if modality == "sc" and self.sc_type is not None:
            return self.sc_type
        return self.arrow_type

    def duckdb_type_in(self, modality: Modality) -> str:
        """Return the DuckDB type that the column has in a schema of this modality."""
        arrow_type = self.type_in(modality)
        if pa.types.is_list(arrow_type):
            return f"{_DUCKDB_TYPES[arrow_type.value_type]}[]"
        return _DUCKDB_TYPES[arrow_type]


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
        return pa.schema(
            pa.field(column.name, column.type_in(modality), nullable=column.nullable)
            for column in self.columns
        )
