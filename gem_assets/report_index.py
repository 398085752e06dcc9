"""Write the page over all datasets from the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gem_assets.reporting import replace_text, report_files

if TYPE_CHECKING:
    from gem_assets.report.index_page import IndexEntry
    from gem_assets.warehouse import Warehouse

_INDEX = "index.html"
_MOST_INDEX_ROUNDS = 10  # one and a look suffice, unless runs end all the time


def index_page(reports: Path) -> Path | None:
    """Return the page over all datasets of all instances; None where no report was made yet."""
    page = reports / _INDEX
    return page if page.exists() else None


def write_index(reports: Path, warehouse: Path) -> Path:
    """Write the page over all datasets of all instances, ``index.html`` of the reports' folder.

    What was written is compared with the warehouse afterwards, and written again if somebody else
    has added to it meanwhile: of two runs that end at once the one that writes last has seen the
    rows of both, without a lock.

    Parameters
    ----------
    reports
        Folder that holds a folder of reports for each instance.
    warehouse
        The DuckDB file.

    Raises
    ------
    gem_assets.warehouse.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.report.index_page import build_index

    page = reports.resolve() / _INDEX
    page.parent.mkdir(parents=True, exist_ok=True)
    written = None
    for _ in range(_MOST_INDEX_ROUNDS):
        entries = _index_entries(page.parent, warehouse)
        now = [entry.state() for entry in entries]
        if now == written:
            break
        replace_text(page, build_index(entries))
        written = now
    return page


def _index_entries(reports: Path, warehouse: Path) -> list[IndexEntry]:
    """Return every dataset that was judged, or has a history."""
    from gem_assets.report.index_page import IndexEntry
    from gem_assets.warehouse.instances import instances

    entries = []
    for one in instances(warehouse):
        statuses = one.tally("qc_samples", "status")
        labelled = set(one.datasets("qc_verdicts"))
        history = one.read("qc_history").to_pandas()
        reviewed = _reviewed(one)
        for dataset in sorted({*statuses, *history["dataset"]}):
            file = report_files(reports / one.schema, dataset).report
            entries.append(
                IndexEntry(
                    schema=one.schema,
                    modality=one.modality,
                    dataset=dataset,
                    labelled=dataset in labelled,
                    statuses=statuses.get(dataset, {}),
                    history=history[history["dataset"].eq(dataset)],
                    report=f"{one.schema}/{quote(file.name)}" if file.exists() else None,
                    reviewed=reviewed.get(dataset, 0),
                )
            )
    return entries


def _reviewed(warehouse: Warehouse) -> dict[str, int]:
    """Return, by dataset, how many flagged samples have no flagged label that waits."""
    columns = ["dataset", "sample_id", "reviewed_by"]
    flagged = warehouse.read("qc_mismatches", columns=columns).to_pandas()
    waits = flagged["reviewed_by"].isna().groupby([flagged["dataset"], flagged["sample_id"]]).any()
    return {str(dataset): int(n) for dataset, n in (~waits).groupby(level=0).sum().items()}
