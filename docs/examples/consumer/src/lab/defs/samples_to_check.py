"""An asset of the lab's own: the flagged samples of a dataset as a CSV file for the bench."""

from pathlib import Path

import dagster as dg
import duckdb

RESULTS = Path(__file__).parents[3] / "results"

# The partitions of the instance that src/lab/defs/sequencing declares: one a dataset.
datasets = dg.DynamicPartitionsDefinition(name="gem_sequencing_datasets")


@dg.asset(
    deps=[dg.AssetKey(["gem_sequencing", "qc_samples"])],
    partitions_def=datasets,
    kinds={"duckdb"},
)
def samples_to_check(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """List the samples whose label fails or is doubtful, with the reason in a sentence."""
    # Read-only and closed at once: an open reader keeps the next run from writing.
    with duckdb.connect(RESULTS / "warehouse.duckdb", read_only=True) as warehouse:
        flagged = warehouse.execute(
            "select sample_id, status, sentence from gem_sequencing.qc_samples "
            "where dataset = ? and status in ('fail', 'warn') order by sample_id",
            [context.partition_key],
        ).df()
    file = RESULTS / f"{context.partition_key}_to_check.csv"
    flagged.to_csv(file, index=False)
    return dg.MaterializeResult(
        metadata={"samples": len(flagged), "file": dg.MetadataValue.path(file)}
    )
