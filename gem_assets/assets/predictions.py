"""The multi-asset of the four prediction tables: one call of the endpoint fills them all."""

import hashlib
import math
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import dagster as dg

from gem_assets.assets.column_lineage import column_lineage
from gem_assets.assets.failures import plain_failures, require_rows, write_pieces
from gem_assets.assets.progress import SampleProgress, current_listener, state_teller, tell
from gem_assets.assets.spooling import aligned_counts_on_disk
from gem_assets.assets.statements import check_statements
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import (
    check_spec,
    contract_result,
    contract_spec,
    fail_for_good,
    refuse_partition,
    sample_failures_result,
)
from gem_assets.graph import PREDICTION_TABLES, AssetGraph

if TYPE_CHECKING:
    import pyarrow as pa

ALL_PREDICTED = "every_sample_predicted"


def predictions(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the multi-asset; samples whose counts were predicted before cost no call.

    Before others are sent, the dataset's sheet is looked at: one that ``sample_labels`` refuses
    ends the run of its dataset, so that its predictions need not be paid.
    """

    @dg.multi_asset(
        name=f"{graph.key_prefix}_predictions",
        specs=[
            table_spec(graph, table, deps=["aligned_counts", "gem_endpoint"])
            for table in PREDICTION_TABLES
        ],
        check_specs=[
            check_spec(
                graph,
                "predicted_metadata",
                ALL_PREDICTED,
                "The endpoint answered for every sample; otherwise the samples are named.",
            ),
            *(contract_spec(graph, table) for table in PREDICTION_TABLES),
        ],
        required_resource_keys={graph.datasets, graph.endpoint, graph.warehouse},
        partitions_def=graph.partitions,
        pool=graph.pool,
    )
    def _predictions(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.genes.order import GeneOrder
        from gem_assets.predictions.flow import PredictOptions, predict_counts
        from gem_assets.predictions.observations import observe, observe_awake
        from gem_assets.predictions.plan import plan_predictions, question_of
        from gem_assets.predictions.tables import SCHEMAS, prediction_pieces
        from gem_assets.problems import RefusedInputError
        from gem_assets.report.thumbnails import latent_scatter, predicted_values

        name = context.partition_key
        warehouse = getattr(context.resources, graph.warehouse).open()
        endpoint = getattr(context.resources, graph.endpoint)
        with plain_failures(context.log, graph.retries), ExitStack() as on_disk:
            require_rows(graph, warehouse, name, "aligned_counts")
            aligned = warehouse.read(
                "aligned_counts", name, ["sample_id", "content_hash", "gene_order_hash"]
            )
            samples = tuple(aligned.column("sample_id").to_pylist())
            hashes = aligned.column("content_hash").to_pylist()
            store = endpoint.store()
            with endpoint.connect() as connection, endpoint.ledger() as ledger:
                for notice in connection.settings.notices:
                    context.log.warning(notice)
                # What was last observed, however long ago: an answer of another version says so.
                model = observe(connection, ledger, store, max_age_seconds=math.inf)
                plan = plan_predictions(
                    hashes,
                    question_of(model, endpoint.seed),
                    ledger,
                    store,
                )
                if plan.new:
                    try:
                        data = getattr(context.resources, graph.datasets)
                        dataset = data.open(name)
                        data.judged_by(dataset.config)  # its thresholds can be understood
                        check_statements(dataset, samples)
                    except RefusedInputError as refusal:
                        fail_for_good(
                            f"{refusal}\nThe predictions of {name} wait for this to be corrected: "
                            "nothing was sent."
                        )
                settings = connection.settings
                if settings.mode != "embedded" and 0 < plan.new <= endpoint.max_new_samples_per_run:
                    tell(context.log, f"{plan.new} samples will be sent to {settings.host}.")
                    model, _ = observe_awake(
                        connection,
                        ledger,
                        store,
                        max_age_seconds=settings.warm_seconds,
                        ready_timeout=endpoint.ready_timeout,
                        on_state_change=state_teller(context.log, settings.host),
                    )
                order = GeneOrder(model.gene_order)
                stale = set(aligned.column("gene_order_hash").unique().to_pylist()) - {order.hash}
                if stale:
                    fail_for_good(
                        f"{name} is aligned to gene order {', '.join(sorted(stale))}, but the "
                        f"model's is {order.hash}. Materialise gene_order and aligned_counts of "
                        f"{name} again, then its predictions."
                    )
                counts = on_disk.enter_context(
                    aligned_counts_on_disk(warehouse, name, hashes, len(order))
                )
                progress = SampleProgress(context.log.info, listener=current_listener())
                run = predict_counts(
                    connection,
                    counts,
                    samples,
                    hashes,
                    model,
                    ledger,
                    store,
                    PredictOptions(
                        seed=endpoint.seed, max_new_samples=endpoint.max_new_samples_per_run
                    ),
                    on_progress=progress,
                )
                rate = progress.samples_a_second
            everything = sample_failures_result(
                graph, "predicted_metadata", ALL_PREDICTED, run.failures, len(samples)
            )
            if len(run.failures) == len(samples):
                yield from refuse_partition(everything)
            pieces = prediction_pieces(name, samples, run, store, counts, graph.modality)
            rows = yield from write_pieces(graph, warehouse, SCHEMAS, pieces, name)
            predicted = warehouse.read("predicted_metadata", name).to_pandas()
            latents = warehouse.read("latents", name).to_pandas()
            fit = _median(warehouse.read("decoded_counts", name, ["reconstruction_r"]))
        # The same questions have the same answers, whoever asked them and when.
        asked = "\n".join(f"{sample} {run.keys[sample]}" for sample in samples)
        version = hashlib.sha256(asked.encode()).hexdigest()
        shared = {
            "model": model.model_id,
            "model version": model.model_version,
            "served by": model.served_by,
        }
        cost: dict[str, int | float] = {
            "samples asked now": run.asked,
            "samples known before": run.reused,
            "samples fetched for an earlier run": run.resumed,
            "samples possibly paid twice": run.possibly_paid_twice,
            **({"samples a second": round(rate, 1)} if run.asked else {}),
        }
        of_table: dict[str, dict[str, Any]] = {
            "predicted_metadata": {
                **cost,
                "predicted values": dg.MetadataValue.md(predicted_values(predicted)),
            },
            "latents": {"latents": dg.MetadataValue.md(latent_scatter(latents, predicted))},
            "decoded_counts": {} if fit is None else {"reconstruction r (median)": fit},
        }
        for table in PREDICTION_TABLES:
            yield dg.MaterializeResult(
                asset_key=graph.key(table),
                data_version=dg.DataVersion(version),
                metadata={
                    "dagster/partition_row_count": rows[table],
                    **shared,
                    **of_table.get(table, {}),
                    **column_lineage(graph, table),
                },
            )
            yield contract_result(graph, table)
        yield everything

    return _predictions


def _median(column: "pa.Table") -> float | None:
    """Return the median of a table's only column; None if nothing is there."""
    held = [value for value in column.column(0).to_pylist() if value is not None]
    return float(statistics.median(held)) if held else None
