"""The contracts of the tables as pandera schemas.

Nothing enters the warehouse but through :func:`validate`. The schemas are built from the
declarations (:mod:`gem_assets.warehouse.contract`) when a table is first validated; pandera is not
imported before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.settings import Modality
from gem_assets.warehouse.casting import cast_to_contract, failure_cases
from gem_assets.warehouse.contract import Column, RowRule, ValueRule
from gem_assets.warehouse.errors import ContractError
from gem_assets.warehouse.row_checks import chunks_of
from gem_assets.warehouse.tables import TABLES, table_named
from gem_assets.warehouse.value_rules import NO_NULL_VALUES

if TYPE_CHECKING:
    import pandera.pandas as pandera
    from pandera.errors import SchemaError

    from gem_assets.warehouse.contract import Held

CASES_A_CHECK = 100
"""How many offenders of one check a :class:`ContractError` carries; its message counts all."""

_SHOWN_CHARACTERS = 120


def validate(
    table: str, frame: pa.Table | pd.DataFrame, *, modality: Modality = "bulk"
) -> pa.Table:
    """Return the frame in the table's columns and types, after checking it against its contract.

    Parameters
    ----------
    table
        Name of the table.
    frame
        Its rows, with the table's columns in any order.
    modality
        Of the schema; the counts of ``raw_counts`` are whole numbers in ``sc``.

    Raises
    ------
    ContractError
        With every check that failed and its first offenders.
    """
    from pandera.errors import SchemaErrors

    declared = table_named(table)
    rows = cast_to_contract(declared, frame, modality)
    view = rows.to_pandas(types_mapper=pd.ArrowDtype)
    try:
        # In place, and without its accessor: a copy that pandera makes, and the accessor that it
        # hangs to a frame, are rings that keep the rows in memory until Python looks for such.
        _pandera_schema(table, modality).validate(view, lazy=True, inplace=True)
    except SchemaErrors as broken:
        faults = list(broken.schema_errors)
    else:
        return rows
    finally:
        vars(view).pop("pandera", None)
    raise _broken(table, rows, [_failed_check(fault) for fault in faults])


def require_dataset(table: str, rows: pa.Table, dataset: str) -> None:
    """Refuse rows of a partitioned table that belong to another dataset.

    Raises
    ------
    ContractError
        Naming the first of them.
    """
    strangers = np.flatnonzero(pc.not_equal(rows["dataset"], dataset).to_numpy())
    if strangers.size:
        check = f"dataset is {dataset!r}"
        raise _broken(table, rows, [(check, "dataset", strangers)])


@lru_cache
def _pandera_schema(table: str, modality: Modality) -> pandera.DataFrameSchema:
    import pandera.pandas as pandera

    declared = TABLES[table]
    return pandera.DataFrameSchema(
        {column.name: _pandera_column(column, modality) for column in declared.columns},
        checks=[_row_check(rule) for rule in declared.rules],
        name=table,
        description=declared.description,
        strict=True,
        ordered=True,
    )


def _pandera_column(column: Column, modality: Modality) -> pandera.Column:
    import pandera.pandas as pandera

    arrow_type = column.arrow_type_in(modality)
    rules = (NO_NULL_VALUES, *column.rules) if pa.types.is_list(arrow_type) else column.rules
    return pandera.Column(
        pd.ArrowDtype(arrow_type),
        checks=[_value_check(column.name, rule) for rule in rules],
        nullable=column.nullable,
        description=column.description,
    )


def _value_check(column: str, rule: ValueRule) -> pandera.Check:
    import pandera.pandas as pandera

    def holds(series: pd.Series) -> pd.Series:
        held = [rule.holds(chunk) for chunk in chunks_of(series).chunks]
        return _truths(np.concatenate([np.empty(0, dtype=bool), *held]))

    # Nulls are the business of `nullable`; the rules let them pass themselves.
    return pandera.Check(holds, name=column, error=f"{column} {rule.says}", ignore_na=False)


def _row_check(rule: RowRule) -> pandera.Check:
    import pandera.pandas as pandera

    def holds(frame: pd.DataFrame) -> pd.Series:
        return _truths(rule.holds(frame))

    return pandera.Check(holds, name=rule.columns[0], error=rule.says, ignore_na=False)


def _truths(held: Held) -> pd.Series:
    return pd.Series(held, dtype=bool)


def _failed_check(fault: SchemaError) -> tuple[str, str, NDArray[np.intp]]:
    """Return the check in words, the column to show, and the positions of the offending rows."""
    check = fault.check
    if isinstance(check, str):
        # pandera's own check `not_nullable`: its failure cases are the rows with the null.
        column = str(fault.schema.name)
        return f"{column} is given", column, fault.failure_cases["index"].to_numpy(dtype=int)
    if fault.check_output is None:  # pragma: no cover - the check itself failed: a fault of ours
        raise fault
    positions = np.flatnonzero(~fault.check_output.to_numpy(dtype=bool))
    return str(check.error), str(check.name), positions


def _broken(
    table: str, rows: pa.Table, failed: list[tuple[str, str, NDArray[np.intp]]]
) -> ContractError:
    """Return the error for checks that failed: ``(check, column to show, rows)``."""
    sentences, cases = [], []
    for check, column, positions in failed:
        offenders = [_case(rows, check, column, int(at)) for at in positions[:CASES_A_CHECK]]
        sentences.append(_sentence(check, len(positions), offenders[0]))
        cases += offenders
    return ContractError(table, "; ".join(sentences), failure_cases(cases))


def _case(rows: pa.Table, check: str, column: str, at: int) -> dict[str, object]:
    keys = {
        name: rows.column(name)[at].as_py()
        for name in ("dataset", "sample_id")
        if name in rows.column_names
    }
    return {
        "check": check,
        "column": column,
        "row": at,
        **keys,
        "found": _shown(rows.column(column)[at]),
    }


def _shown(value: pa.Scalar) -> str:
    """Return a value for a person, cut to a length that a message can hold."""
    if isinstance(value, pa.ListScalar) and value.is_valid:
        firsts = value.values[:8].to_pylist()
        more = ", ..." if len(value) > len(firsts) else ""
        shown = f"{len(value)} values: [{', '.join(map(repr, firsts))}{more}]"
    else:
        shown = repr(value.as_py())
    if len(shown) > _SHOWN_CHARACTERS:
        return shown[:_SHOWN_CHARACTERS] + "..."
    return shown


def _sentence(check: str, n_rows: int, first: dict[str, object]) -> str:
    keys = [f"{key} {first[key]!r}" for key in ("dataset", "sample_id") if key in first]
    where = f" ({', '.join(keys)})" if keys else ""
    rows = "1 row breaks" if n_rows == 1 else f"{n_rows} rows break"
    return (
        f"{rows} the rule '{check}', first row {first['row']}{where}, "
        f"with {first['column']} = {first['found']}"
    )


def checks_of(table: str, modality: Modality = "bulk") -> Iterator[str]:
    """Yield the checks of a table in words, as :attr:`ContractError.failure_cases` has them."""
    schema = _pandera_schema(table, modality)
    for name, column in schema.columns.items():
        if not column.nullable:
            yield f"{name} is given"
        yield from (str(check.error) for check in column.checks)
    yield from (str(check.error) for check in schema.checks)
