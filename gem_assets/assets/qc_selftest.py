"""The optional asset ``qc_selftest``: errors planted in the dataset, and how many are found."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from gem_assets.assets.failures import plain_failures, require_rows, write_tables
from gem_assets.assets.table_spec import table_spec
from gem_assets.checks import contract_result, contract_spec, fail_for_good
from gem_assets.graph import AssetGraph

TABLE = "qc_selftest"


class SelftestConfig(dg.Config):
    """How much is planted."""

    swaps: int = Field(default=200, ge=1, description="Pairs of samples to exchange at most.")


def qc_selftest(graph: AssetGraph) -> dg.AssetsDefinition:
    """Return the asset, for bulk samples; no job of ours runs it, since it judges so often.

    It plants what costs no prediction: swaps, and slips of the sheet. Mixtures are asked about by
    ``gem-assets selftest --mixtures`` alone, which says first what would be sent.
    """

    @dg.multi_asset(
        name=f"{graph.key_prefix}_selftest",
        specs=[table_spec(graph, TABLE, deps=["qc_verdicts"])],
        check_specs=[contract_spec(graph, TABLE)],
        required_resource_keys={graph.datasets, graph.warehouse},
        partitions_def=graph.partitions,
    )
    def _qc_selftest(
        context: dg.AssetExecutionContext, config: SelftestConfig
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:  # type: ignore[type-arg]
        from gem_assets.judging import read_input
        from gem_assets.problems import RefusedInputError
        from gem_assets.qc.selftest import SelfTest
        from gem_assets.qc.selftest_table import (
            selftest_sentence,
            selftest_table,
            with_earlier_mixtures,
        )

        name = context.partition_key
        warehouse = getattr(context.resources, graph.warehouse).open()
        try:
            datasets = getattr(context.resources, graph.datasets)
            settings = datasets.judged_by(datasets.config(name))
        except RefusedInputError as refusal:
            fail_for_good(str(refusal))
        with plain_failures(context.log, graph.retries):
            require_rows(graph, warehouse, name, "qc_verdicts")
            given = read_input(warehouse, name)
            test = SelfTest(given, settings)
            table = selftest_table(
                name,
                [test.swaps(config.swaps), test.shifts()],
                given.tables["predicted_metadata"],
                settings,
                run_id=context.run.run_id,
                at=datetime.now(UTC),
                seed=0,
            )
            table = with_earlier_mixtures(table, warehouse.read(TABLE, name).to_pandas())
            rows = yield from write_tables(graph, warehouse, {TABLE: table}, name)
        lasting = table.drop(columns=["run_id", "at", "predicted_at"]).to_csv(index=False)
        yield dg.MaterializeResult(
            asset_key=graph.key(TABLE),
            data_version=dg.DataVersion(hashlib.sha256(lasting.encode()).hexdigest()),
            metadata={
                "dagster/partition_row_count": rows[TABLE],
                "found": selftest_sentence(table),
                "settings": settings.hash(),
            },
        )
        yield contract_result(graph, TABLE)

    return _qc_selftest
