"""Which errors Dagster should try again, which end a step, and what its checks then show."""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from face_lab import Done

from gem_assets.assets.failures import plain_failures, write_tables
from gem_assets.automation.step_failures import step_sentence
from gem_assets.checks import sample_failures_result
from gem_assets.endpoint.errors import (
    EndpointError,
    EndpointFaulted,
    EndpointNotReady,
    EndpointUnauthorized,
    EndpointUnreachable,
    QueryRejected,
    RateLimited,
)
from gem_assets.graph import DEFAULT_RETRIES, AssetGraph, Retries
from gem_assets.predictions.errors import (
    GeneOrderChangedError,
    ModelVersionChangedError,
    PredictionsError,
    TooManyNewSamplesError,
)
from gem_assets.warehouse import (
    NotMaterialisedError,
    Warehouse,
    WarehouseError,
    WarehouseLockedError,
    WarehouseVersionError,
)

LOG = logging.getLogger("face")
GRAPH = AssetGraph("bulk", "gem_bulk")


@pytest.mark.parametrize(
    "error",
    [
        EndpointUnreachable("nobody answers"),
        EndpointFaulted("it broke"),
        EndpointNotReady("it is cold"),
        RateLimited("too many questions"),
        ModelVersionChangedError("gem-1-bulk_predict-metadata", "1", "2"),
        WarehouseLockedError(Path("warehouse.duckdb"), "a notebook", "write", "after 60 s", 7),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_by_itself_is_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(dg.RetryRequested) as raised, plain_failures(LOG):
        raise error
    assert raised.value.max_retries == DEFAULT_RETRIES.most
    assert raised.value.seconds_to_wait
    assert str(error) in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        EndpointUnauthorized("the key is not known"),
        QueryRejected("the counts are negative"),
        GeneOrderChangedError("gem-1-bulk_predict-metadata", "sha256:1", "sha256:2"),
        TooManyNewSamplesError(20_000, 10_000, "app.synthesize.bio"),
        NotMaterialisedError(Path("warehouse.duckdb"), "gem_bulk", "gene_order", "gene_order"),
        WarehouseVersionError("laid out by another version"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_retry_can_not_mend_fails_for_good_in_its_own_words(
    error: EndpointError | PredictionsError | WarehouseError,
) -> None:
    with pytest.raises(dg.Failure) as raised, plain_failures(LOG):
        raise error
    assert raised.value.description == str(error)
    assert raised.value.allow_retries is False
    assert raised.value.__suppress_context__


def test_a_step_is_tried_again_as_often_as_was_said_and_then_told_in_its_words() -> None:
    def events(retries: Retries) -> list[dg.DagsterEvent]:
        @dg.op
        def asking() -> None:
            with plain_failures(LOG, retries):
                raise EndpointUnreachable("nobody answers")

        @dg.job
        def job() -> None:
            asking()

        return job.execute_in_process(raise_on_error=False).all_events

    def told(retries: Retries) -> tuple[int, list[str]]:
        found = events(retries)
        again = sum(event.event_type_value == "STEP_UP_FOR_RETRY" for event in found)
        return again, [step_sentence(event) for event in found if event.is_step_failure]

    assert told(Retries(0)) == (0, ["nobody answers."])
    sentence = "nobody answers. It was tried again, and failed each time."
    assert told(Retries(2, seconds=0)) == (2, [sentence])


@pytest.mark.parametrize(("most", "seconds"), [(-1, 60.0), (1, -0.5), (1, float("nan"))])
def test_retries_that_can_not_be_are_refused(most: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="neither number may be below 0"):
        Retries(most, seconds)


def test_a_fault_of_ours_is_not_dressed_up_as_the_users() -> None:
    with pytest.raises(ZeroDivisionError), plain_failures(LOG):
        raise ZeroDivisionError


def test_rows_that_break_their_contract_are_shown_and_nothing_is_written(
    shipped: Done, tmp_path: Path
) -> None:
    good = shipped.project.rows("raw_counts", "lncap")
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", "gem_bulk")
    warehouse.replace_partition({"raw_counts": good}, "lncap")
    bad = good.to_pandas().assign(detected_genes=[1, -2, 3, 4, 5, 6, 7])

    writing = write_tables(GRAPH, warehouse, {"raw_counts": bad}, "lncap")
    check = next(writing)
    with pytest.raises(dg.Failure) as raised:
        next(writing)

    assert check.asset_key == GRAPH.key("raw_counts")
    assert check.check_name == "contract"
    assert not check.passed
    cases = check.metadata["failure_cases"]
    assert isinstance(cases, dg.TableMetadataValue)
    assert "lane2" in {record.data["sample_id"] for record in cases.records}
    assert "lane2" in str(raised.value.description)
    assert raised.value.allow_retries is False
    assert warehouse.read("raw_counts", "lncap").equals(good)


def test_a_row_of_another_table_shows_up_at_the_asset_that_writes_it(
    shipped: Done, tmp_path: Path
) -> None:
    genes = shipped.project.rows("raw_genes", "lncap").to_pandas()
    genes = pd.concat([genes, genes.head(1)])
    warehouse = Warehouse(tmp_path / "warehouse.duckdb", "gem_bulk")
    check = next(write_tables(GRAPH, warehouse, {"raw_genes": genes}, "lncap"))
    assert check.asset_key == GRAPH.key("raw_counts")


@pytest.mark.parametrize(
    ("failed", "severity"), [(1, dg.AssetCheckSeverity.WARN), (3, dg.AssetCheckSeverity.ERROR)]
)
def test_samples_without_an_answer_warn_and_stop_the_chain_only_if_all_lack_one(
    failed: int, severity: dg.AssetCheckSeverity
) -> None:
    failures = {f"S{i}": "the endpoint gave none" for i in range(failed)}
    result = sample_failures_result(GRAPH, "predicted_metadata", "every", failures, 3)
    assert not result.passed
    assert result.severity is severity
    assert f"{failed} of 3 samples have no prediction" in str(result.description)
    table = result.metadata["samples"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["sample"] for record in table.records] == list(failures)
