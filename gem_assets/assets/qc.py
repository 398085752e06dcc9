"""The multi-asset of the three QC tables: judge every stated label, once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets.assets.column_lineage import column_lineage
from gem_assets.assets.failures import plain_failures, require_rows, write_tables
from gem_assets.assets.qc_metadata import qc_metadata
from gem_assets.assets.report_links import report_links
from gem_assets.assets.reviews import evidence_elsewhere, reviews_of
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    check_spec,
    contract_result,
    contract_spec,
    finding_results,
    finding_specs,
    flagged_samples_result,
    problems_result,
    refuse_partition,
)
from gem_assets.graph import PREDICTION_TABLES, QC_TABLES, AssetGraph

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.datasets import Dataset
    from gem_assets.qc.dataset import JudgedDataset, QcInput
    from gem_assets.qc.settings import QcSettings
    from gem_assets.warehouse import Warehouse

LABELS_AGREE = "labels_agree"
THRESHOLDS = "thresholds_are_known"
REVIEWS = "reviews_are_of_labels"


def quality_control(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the multi-asset; it also appends the run's row to ``qc_history``.

    Beside its three tables it fills ``qc_suggestions`` (the corrected sample sheet),
    ``qc_changes`` (since the run before) and ``qc_signatures`` (for duplicates in other datasets).
    """

    @dg.multi_asset(
        name=f"{graph.key_prefix}_qc",
        specs=[
            table_spec(
                graph,
                table,
                deps=["sample_labels", *PREDICTION_TABLES],
            )
            for table in QC_TABLES
        ],
        check_specs=[
            check_spec(
                graph,
                "qc_samples",
                LABELS_AGREE,
                "No stated label contradicts the expression, but for those that somebody reviewed; "
                "the offenders are listed.",
                blocking=False,
            ),
            *finding_specs(graph),
            check_spec(
                graph, "qc_verdicts", THRESHOLDS, "The thresholds in dataset.yaml are known."
            ),
            check_spec(
                graph, "qc_verdicts", REVIEWS, "Every review in review.csv is of a label it has."
            ),
            *(contract_spec(graph, table) for table in QC_TABLES),
        ],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _quality_control(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.judging import judge_input, read_input
        from gem_assets.problems import RefusedInputError
        from gem_assets.qc.history import history_row
        from gem_assets.qc.outcomes import outcomes
        from gem_assets.severities import accept

        name = context.partition_key
        data = getattr(context.resources, graph.datasets)
        resource = getattr(context.resources, graph.warehouse)
        warehouse = resource.open()
        looked_at = THRESHOLDS
        try:
            dataset = data.open(name)
            settings = data.judged_by(dataset.config)
            looked_at = REVIEWS
            reviews = reviews_of(dataset)
        except RefusedInputError as refusal:
            yield from refuse_partition(
                problems_result(graph, "qc_verdicts", looked_at, refusal.problems)
            )
            return
        with plain_failures(context.log, graph.retries):
            require_rows(graph, warehouse, name, "predicted_metadata")
            given = read_input(warehouse, name, reviews=reviews)
            judged = judge_input(given, graph.modality, settings)
            try:
                warnings = accept(judged.problems, dataset.config.severity)
            except RefusedInputError as refusal:
                yield from refuse_partition(
                    problems_result(graph, "qc_verdicts", REVIEWS, refusal.problems)
                )
                return
            run = history_row(
                name,
                context.run.run_id,
                datetime.now(UTC),
                judged.samples,
                given.tables["predicted_metadata"],
                settings,
            )
            changes = _changes(warehouse, name, run, judged)
            rows = yield from write_tables(
                graph, warehouse, {**judged.tables(), "qc_changes": changes}, name
            )
            warehouse.append_history(run)
            history = warehouse.read("qc_history", name).to_pandas()
            trust = _trust(dataset, data.data, warehouse, given, judged, settings)
        links = report_links(resource, name)
        metadata = qc_metadata(judged, changes, history, links)
        metadata["qc_verdicts"] |= trust
        for table in QC_TABLES:
            yield dg.MaterializeResult(
                asset_key=graph.key(table),
                data_version=dg.DataVersion(judged.content_hash(table)),
                metadata={
                    "dagster/partition_row_count": rows[table],
                    "settings": settings.hash(),
                    **metadata[table],
                    **column_lineage(graph, table),
                },
            )
            yield contract_result(graph, table)
        yield problems_result(graph, "qc_verdicts", THRESHOLDS, [])
        yield problems_result(graph, "qc_verdicts", REVIEWS, warnings)
        yield flagged_samples_result(
            graph, "qc_samples", LABELS_AGREE, judged.samples, judged.verdicts, links
        )
        yield from finding_results(graph, outcomes(given, judged, settings, graph.modality), links)

    return _quality_control


def _changes(
    warehouse: "Warehouse", dataset: str, run: "pd.DataFrame", judged: "JudgedDataset"
) -> "pd.DataFrame":
    """Return what the run judges otherwise than the one before; its tables still stand."""
    from gem_assets.qc.changes import find_changes, run_before
    from gem_assets.qc.verdict_pairs import JudgedRun, rows_of

    columns = ["sample_id", "gene_order_hash", "content_hash"]
    (present,) = rows_of(run)
    history = warehouse.read("qc_history", dataset).to_pandas()
    before = None
    if (last := run_before(history, str(present["run_id"]))) is not None:
        before = JudgedRun(
            last,
            warehouse.read("qc_verdicts", dataset).to_pandas(),
            warehouse.read("qc_signatures", dataset, columns).to_pandas(),
        )
    return find_changes(
        before,
        JudgedRun(present, judged.verdicts, judged.signatures[columns]),
        held=warehouse.read("qc_changes", dataset).to_pandas(),
    )


def _trust(
    dataset: "Dataset",
    data: str,
    warehouse: "Warehouse",
    given: "QcInput",
    judged: "JudgedDataset",
    settings: "QcSettings",
) -> dict[str, str]:
    """Return metadata on how far to trust the numbers: calibration, and what was not compared."""
    from gem_assets.qc.calibration import calibrations
    from gem_assets.qc.cell_groups import group_predictions

    predicted, probabilities = (
        group_predictions(given)
        if warehouse.modality == "sc"
        else (given.tables["predicted_metadata"], given.tables["classifier_probs"])
    )
    found = calibrations(
        judged.verdicts,
        given.reviews,
        predicted,
        probabilities,
        settings,
        elsewhere=evidence_elsewhere(data, warehouse, dataset.name, judged.verdicts, settings),
    )
    words = {f"probabilities of {field}": one.sentence for field, one in found.items()}
    if judged.closed_set_skipped:
        words["labels not compared with each other"] = " ".join(judged.closed_set_skipped)
    return words
