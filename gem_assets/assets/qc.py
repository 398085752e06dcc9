"""The multi-asset of the three QC tables: judge every stated label, once."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from gem_assets.assets.failures import plain_failures, require_rows, write_tables
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    check_spec,
    contract_result,
    contract_spec,
    flagged_samples_result,
    problems_result,
    refuse_partition,
)
from gem_assets.graph import QC_TABLES, AssetGraph

LABELS_AGREE = "labels_agree"
THRESHOLDS = "thresholds_are_known"


def quality_control(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the multi-asset; it also appends the run's row to ``qc_history``."""

    @dg.multi_asset(
        name=f"{graph.key_prefix}_qc",
        specs=[
            table_spec(
                graph,
                table,
                deps=["sample_labels", "predicted_metadata", "classifier_probs", "decoded_counts"],
            )
            for table in QC_TABLES
        ],
        check_specs=[
            check_spec(
                graph,
                "qc_samples",
                LABELS_AGREE,
                "No stated label contradicts the expression; the offenders are listed.",
            ),
            check_spec(
                graph, "qc_verdicts", THRESHOLDS, "The thresholds in dataset.yaml are known."
            ),
            *(contract_spec(graph, table) for table in QC_TABLES),
        ],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _quality_control(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.counts.tables import matrix_of_tables
        from gem_assets.problems import RefusedInputError
        from gem_assets.qc.dataset import INPUT_TABLES, judge_dataset
        from gem_assets.qc.history import history_row
        from gem_assets.qc.settings import QcSettings
        from gem_assets.report.thumbnails import label_heatmap, status_bar

        name = context.partition_key
        warehouse = getattr(context.resources, graph.warehouse).open()
        try:
            dataset = getattr(context.resources, graph.datasets).open(name)
            settings = QcSettings.from_mapping(dataset.config.thresholds)
        except RefusedInputError as refusal:
            yield from refuse_partition(
                problems_result(graph, "qc_verdicts", THRESHOLDS, refusal.problems)
            )
            return
        with plain_failures(context.log):
            require_rows(graph, warehouse, name, "predicted_metadata")
            tables = {
                table: warehouse.read(table, name, columns).to_pandas()
                for table, columns in INPUT_TABLES.items()
            }
            raw = None
            if graph.modality == "bulk":
                raw = matrix_of_tables(
                    warehouse.read("raw_counts", name), warehouse.read("raw_genes", name)
                )
            judged = judge_dataset(name, tables, raw, settings)
            rows = yield from write_tables(graph, warehouse, judged.tables(), name)
            predicted = tables["predicted_metadata"]
            now = datetime.now(UTC)
            warehouse.append_history(
                history_row(name, context.run.run_id, now, judged.samples, predicted, settings)
            )
        yield problems_result(graph, "qc_verdicts", THRESHOLDS, [])
        yield flagged_samples_result(graph, "qc_samples", LABELS_AGREE, judged.samples)
        counts = {
            f"samples {k}": int(v) for k, v in judged.samples["status"].value_counts().items()
        }
        pictures = {
            "qc_samples": {"samples by status": dg.MetadataValue.md(status_bar(judged.samples))},
            "qc_verdicts": {
                "stated and predicted": dg.MetadataValue.md(label_heatmap(judged.verdicts))
            },
        }
        for table in QC_TABLES:
            yield contract_result(graph, table)
            yield dg.MaterializeResult(
                asset_key=graph.key(table),
                data_version=dg.DataVersion(judged.content_hash(table)),
                metadata={
                    "dagster/partition_row_count": rows[table],
                    "settings": settings.hash(),
                    **(counts if table == "qc_samples" else {}),
                    **pictures.get(table, {}),
                },
            )

    return _quality_control
