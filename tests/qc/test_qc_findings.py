"""One shape for every kind of finding, and the table's contract holds it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from gem_assets.qc.findings import FINDING_COLUMNS, Finding, findings_table
from gem_assets.warehouse.qc_tables import QC_FINDINGS

SWAP = Finding("swap", ("a", "b"), "labels_exchanged", "a and b look exchanged.")
RATE = Finding("dataset_cause", (), "unexplained", "Most fail.", 0.5, 0.4, 0.6)


def test_findings_become_rows_in_their_order() -> None:
    table = findings_table("d", [SWAP, RATE])
    assert table["kind"].tolist() == ["swap", "dataset_cause"]
    assert table["sample_ids"].tolist() == [["a", "b"], []]
    assert table["score"].isna().tolist() == [True, False]


@pytest.mark.parametrize("findings", [[], [SWAP], [SWAP, RATE]])
def test_the_table_has_the_columns_and_types_of_the_warehouse(findings: list[Finding]) -> None:
    table = findings_table("d", findings)
    assert tuple(table.columns) == FINDING_COLUMNS
    assert tuple(table.columns) == tuple(column.name for column in QC_FINDINGS.columns)
    schema = pa.schema(
        [(column.name, column.arrow_type_in("bulk")) for column in QC_FINDINGS.columns]
    )
    arrow = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
    assert arrow.num_rows == len(findings)
    assert arrow["score"].null_count == sum(finding.score is None for finding in findings)


@pytest.mark.parametrize(("low", "high"), [(0.1, None), (None, 0.1), (0.2, 0.1)])
def test_an_interval_has_two_ends_in_order(low: float | None, high: float | None) -> None:
    with pytest.raises(ValueError, match="interval"):
        Finding("swap", ("a",), "labels_exchanged", "s", 0.1, low, high)
