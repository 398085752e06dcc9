"""What Dagster shows of a materialisation: numbers to plot, column lineage, ways to the report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from face_lab import Done, Project, Run

from gem_assets.assets.build import build_gem_assets
from gem_assets.assets.column_lineage import COLUMN_LINEAGE
from gem_assets.assets.report_links import report_links
from gem_assets.graph import PARTITIONED, PREDICTION_TABLES, QC_TABLES
from gem_assets.resources import GemWarehouse
from gem_assets.settings import Settings
from gem_assets.warehouse import TABLES

NAME = "geuvadis_planted"
SERVED = "https://reports.example.org/gem"

Spoilt = Callable[[str], tuple[Project, Path]]


@pytest.fixture(scope="module")
def run(shipped: Done) -> Run:
    return shipped.refreshed[NAME]


# Numbers


def numbers_of(*runs: Run) -> set[tuple[str, str]]:
    """Return asset and name of every number in the metadata of some runs."""
    told = [(asset, each) for run in runs for asset, each in run.metadata.items()]
    for run in runs:
        for event in run.result.get_asset_observation_events():
            observed = event.asset_observation_data.asset_observation
            values = {name: value.value for name, value in observed.metadata.items()}
            told.append((observed.asset_key.path[-1], values))
    return {
        (asset, name)
        for asset, metadata in told
        for name, value in metadata.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def test_the_documented_numbers_are_those_that_a_run_emits(shipped: Done, repository: Path) -> None:
    page = (repository / "docs" / "metadata.md").read_text(encoding="utf-8")
    numbers, _, _ = page.partition("# Checks")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", numbers, re.MULTILINE)
    documented = set(rows)
    assert len(documented) == len(rows)
    emitted = numbers_of(shipped.observed, *shipped.refreshed.values())
    # The embedded model has no cold start; the tests of the endpoint sensor hold that number.
    assert emitted | {("gem_endpoint", "cold-start seconds")} == documented


def test_the_numbers_are_those_of_the_tables(shipped: Done, run: Run) -> None:
    project, told = shipped.project, run.metadata
    raw, aligned = (project.table(name, NAME) for name in ("raw_counts", "aligned_counts"))
    assert told["raw_counts"]["library size (median)"] == raw["total_count"].median()
    assert told["raw_counts"]["detected genes (median)"] == raw["detected_genes"].median()
    shares = aligned["matched_share"]
    assert told["aligned_counts"]["matched share (median)"] == pytest.approx(shares.median())
    assert shares.min() < float(str(told["aligned_counts"]["matched share"])) < shares.max()
    [history] = project.table("qc_history", NAME).to_dict("records")
    for name in ("assessed", "failed", "warned"):
        assert told["qc_samples"][name] == history[name]
    for name, column in (("", "flagged_rate"), (" low", "ci_low"), (" high", "ci_high")):
        assert told["qc_samples"][f"flagged rate{name}"] == history[column]
    assert told["qc_verdicts"]["open labels"] == 3
    assert told["qc_findings"]["open findings"] == told["qc_findings"]["exchange group"] == 1
    fit = project.table("decoded_counts", NAME)["reconstruction_r"].median()
    assert told["decoded_counts"]["reconstruction r (median)"] == pytest.approx(fit)
    for asset in ("raw_counts", "aligned_counts", "predicted_metadata"):
        assert float(str(told[asset]["samples a second"])) > 0


# Columns


def test_both_sides_of_the_column_lineage_are_columns_of_the_contracts() -> None:
    for table, columns in COLUMN_LINEAGE.items():
        assert set(columns) <= set(TABLES[table].column_names), table
        for column, sources in columns.items():
            assert sources
            assert len(set(sources)) == len(sources), (table, column)
            for source, _, name in (one.partition(".") for one in sources):
                assert name in TABLES[source].column_names, (table, column, source, name)
                assert TABLES[source].asset == source


def test_columns_are_made_of_what_lies_upstream_of_their_asset(shipped: Done) -> None:
    assets, graph = shipped.project.definitions.resolve_asset_graph(), shipped.project.graph
    for table, columns in COLUMN_LINEAGE.items():
        upstream = dg.AssetSelection.assets(graph.key(table)).upstream().resolve(assets)
        parents = {key.path[-1] for key in upstream} - {table}
        together = {"qc_verdicts"} if table in QC_TABLES else set()
        used = {source.partition(".")[0] for sources in columns.values() for source in sources}
        assert used <= parents | together, table


def test_a_materialisation_says_which_columns_its_columns_are_made_of(
    shipped: Done, run: Run
) -> None:
    for table, columns in COLUMN_LINEAGE.items():
        lineage = run.metadata[table]["dagster/column_lineage"]
        assert isinstance(lineage, dg.TableColumnLineage)
        assert {
            column: {f"{dep.asset_key.path[-1]}.{dep.column_name}" for dep in deps}
            for column, deps in lineage.deps_by_column.items()
        } == {column: set(sources) for column, sources in columns.items()}
        keys = {dep.asset_key.path[0] for deps in lineage.deps_by_column.values() for dep in deps}
        assert keys == {shipped.project.graph.key_prefix}
    assert set(COLUMN_LINEAGE) == set(PARTITIONED) - {"raw_counts"}


def test_a_column_says_in_its_description_what_it_is_made_of(shipped: Done) -> None:
    assets, graph = shipped.project.definitions.resolve_asset_graph(), shipped.project.graph
    schema = assets.get(graph.key("qc_samples")).metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    told = {column.name: str(column.description) for column in schema.columns}
    assert told["status"].endswith(" From qc_verdicts.status.")
    schema = assets.get(graph.key("raw_counts")).metadata["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    assert not any(" From " in str(column.description) for column in schema.columns)


# The way to the report


def test_without_a_server_the_path_of_the_report_is_shown(shipped: Done, run: Run) -> None:
    path = str(shipped.project.report(NAME).resolve())
    for asset in ("qc_samples", "qc_findings"):
        assert run.metadata[asset]["report"] == path
    assert run.metadata["qc_report"]["path"] == path
    assert "open" not in run.metadata["qc_report"], "a browser opens no file from a web page"
    for check in ("qc_samples.labels_agree", "qc_findings.no_exchanged_labels"):
        assert run.failed_checks[check].metadata["report"] == dg.MetadataValue.path(path)


def test_where_reports_are_served_a_materialisation_links_to_the_page(spoil: Spoilt) -> None:
    project, _ = spoil("lncap")
    settings = Settings(str(project.data), str(project.results), reports_url=f"{SERVED}/")
    project.definitions = build_gem_assets("bulk", settings=settings)
    run = project.refresh("lncap", (*QC_TABLES, "qc_report"))
    assert run.success, run.failed
    page = f"{SERVED}/gem_bulk/lncap.html"
    assert run.metadata["qc_report"]["open"] == page
    assert run.metadata["qc_report"]["path"] == str(project.report("lncap").resolve())
    for asset in ("qc_samples", "qc_findings"):
        assert run.metadata[asset]["report"] == page


def test_a_dataset_name_stays_one_part_of_the_address(tmp_path: Path) -> None:
    resource = GemWarehouse(
        results=str(tmp_path), schema_name="gem_sc", modality="sc", reports_url=SERVED
    )
    [link] = report_links(resource, "a b?c#d%").values()
    assert link.value == f"{SERVED}/gem_sc/a%20b%3Fc%23d%25.html"


def test_the_prediction_tables_name_the_model_and_one_of_them_the_cost(run: Run) -> None:
    for table in PREDICTION_TABLES:
        assert run.metadata[table]["served by"] == "embedded"
        assert ("samples asked now" in run.metadata[table]) is (table == "predicted_metadata")
