"""Rules over all rows of a dataset, when its rows came in pieces: looked up in the tables.

Each piece was checked by itself before it was inserted. What is left is what two pieces can break
between them: a key that both have, a value in which they differ.
"""

from __future__ import annotations

import duckdb

from gem_assets.warehouse import statements
from gem_assets.warehouse.casting import failure_cases
from gem_assets.warehouse.contract import RowRule, Span
from gem_assets.warehouse.errors import ContractError
from gem_assets.warehouse.tables import table_named


def require_divisible(table: str) -> None:
    """Refuse a second piece of a table with a rule that needs all rows in their order.

    Raises
    ------
    ValueError
        Naming the table and the rule.
    """
    for rule in table_named(table).rules:
        if rule.span is Span.TABLE:
            raise ValueError(f"{table} comes in one piece: {rule.says}")


def require_rules_between(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, dataset: str
) -> None:
    """Refuse a dataset whose rows break a rule of the table between them.

    Raises
    ------
    ContractError
        With an offender of the first rule that is broken.
    """
    for rule in table_named(table).rules:
        offender = None
        if rule.span is Span.DATASET_KEY:
            statement = statements.repeated(schema, table, rule.columns)
            offender = connection.execute(statement, [dataset]).fetchone()
        elif rule.span is Span.DATASET_CONSTANT:
            statement = statements.variants(schema, table, rule.columns)
            found = connection.execute(statement, [dataset]).fetchall()
            offender = found[1] if len(found) > 1 else None
        if offender is not None:
            raise _broken(table, rule, dataset, offender)


def _broken(table: str, rule: RowRule, dataset: str, offender: tuple[object, ...]) -> ContractError:
    *values, n_rows = offender
    found = dict(zip(rule.columns, values, strict=True))
    shown = ", ".join(f"{column} {value!r}" for column, value in found.items())
    case = {
        "check": rule.says,
        "column": rule.columns[0],
        "dataset": dataset,
        "sample_id": found.get("sample_id"),
        "found": shown,
    }
    return ContractError(
        table,
        f"{n_rows} rows of dataset {dataset!r} break the rule '{rule.says}', with {shown}",
        failure_cases([case]),
    )
