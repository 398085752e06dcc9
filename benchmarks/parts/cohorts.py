"""Real samples with known labels: read, and predicted once by the embedded endpoint."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import read_counts
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.genes.alignment import align_counts, hash_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.labels.sheet import SampleSheet, read_sample_sheet
from gem_assets.labels.sheet_cells import cells_of_sheet
from gem_assets.labels.table import label_table
from gem_assets.predictions.flow import predict_counts
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import observe
from gem_assets.predictions.store import Store
from gem_assets.predictions.tables import prediction_tables
from gem_assets.qc.dataset import JudgedDataset, QcInput, judge_dataset
from gem_assets.qc.settings import QcSettings
from gem_assets.settings import Modality

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "data" / "bulk"
SETTINGS = QcSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Samples with their sheet, their counts, and what the model answered about them.

    Attributes
    ----------
    name
        Name of the dataset that they are judged as.
    sheet
        What is stated of them, a row a sample.
    tables
        The tables that alignment and predictions fill, by name.
    aligned
        Counts, samples x model genes; None where duplicates are not to be looked for.
    raw
        Counts as read.
    """

    name: str
    sheet: SampleSheet
    tables: Mapping[str, pd.DataFrame]
    aligned: sparse.csr_array | None
    raw: CountMatrix

    @property
    def samples(self) -> list[str]:
        """Names of the samples in the order of the sheet."""
        return list(self.sheet.sample_ids)

    @property
    def model_version(self) -> str:
        """Version of the model that answered."""
        return str(self.tables["predicted_metadata"]["model_version"].iloc[0])

    def given(self, frame: pd.DataFrame | None = None) -> QcInput:
        """Return what is judged; ``frame``: a sheet of the same samples in place of the own one."""
        sheet = self.sheet if frame is None else replace(self.sheet, frame=frame)
        tables = {
            **self.tables,
            "sample_labels": label_table(self.name, sheet).to_pandas(),
            "sample_sheet": cells_of_sheet(self.name, sheet, self.samples).to_pandas(),
        }
        return QcInput(self.name, tables, raw_counts=self.raw, aligned=self.aligned)

    def judged(self, frame: pd.DataFrame | None = None) -> JudgedDataset:
        """Return the judgement, by the sheet in ``frame`` if there is one."""
        return judge_dataset(self.given(frame), SETTINGS)

    def without(self, samples: Collection[str]) -> Cohort:
        """Return the other samples."""
        kept = [sample not in samples for sample in self.raw.sample_ids]
        rows = np.flatnonzero(kept)
        frame = self.sheet.frame
        return Cohort(
            self.name,
            replace(self.sheet, frame=_without(frame, samples)),
            {name: _without(table, samples) for name, table in self.tables.items()},
            None if self.aligned is None else self.aligned[rows],
            replace(
                self.raw,
                sample_ids=tuple(self.raw.sample_ids[row] for row in rows),
                counts=self.raw.counts[rows],
            ),
        )


def _without(table: pd.DataFrame, samples: Collection[str]) -> pd.DataFrame:
    if "sample_id" not in table:
        return table
    return table[~table["sample_id"].isin(samples)].reset_index(drop=True)


def shared_cohorts() -> Path | None:
    """Return the folder of the cohorts that may not be shipped; None where it is not there."""
    folder = Path(os.environ.get("GEM_ASSETS_SHARED", REPOSITORY.parent / "shared"))
    folder = folder / "data" / "cohorts"
    return folder if folder.is_dir() else None


def shipped_cohort(name: str) -> Cohort:
    """Return a bulk dataset of the repository's own ``data``."""
    return bulk_cohort(name, SHIPPED / name / "counts.tsv.gz", SHIPPED / name / "samples.csv")


def shared_cohort(folder: Path, name: str) -> Cohort:
    """Return a bulk cohort of the folder of `shared_cohorts`."""
    return bulk_cohort(name, folder / f"{name}_counts.tsv.gz", folder / f"{name}_samples.csv")


def bulk_cohort(name: str, counts: Path, sheet: Path) -> Cohort:
    """Read and predict a bulk dataset."""
    raw = read_counts(counts).matrix
    stated = read_sample_sheet(sheet, sample_ids=raw.sample_ids)
    return Cohort(name, stated, *predict(name, raw, "bulk"), raw)


def predict(
    dataset: str, raw: CountMatrix, modality: Modality
) -> tuple[dict[str, pd.DataFrame], sparse.csr_array]:
    """Align counts and ask the embedded endpoint in this process, as the assets do.

    Returns
    -------
    tables, aligned
        As `Cohort` holds them.
    """
    settings = EndpointSettings.from_environment("embedded", modality, {})
    with (
        tempfile.TemporaryDirectory() as folder,
        EndpointConnection(settings) as connection,
        Ledger(f"sqlite:///{folder}/ledger.sqlite") as ledger,
    ):
        store = Store(Path(folder) / "predictions")
        model = observe(connection, ledger, store)
        order = GeneOrder(model.gene_order)
        alignment = align_counts(raw, order)
        hashes = hash_counts(alignment.counts)
        asked = (connection, alignment.counts, raw.sample_ids, hashes, model, ledger, store)
        run = predict_counts(*asked)
        tables = prediction_tables(dataset, raw.sample_ids, run, store, alignment.counts, modality)
    # The decoded counts themselves are not judged, only how well they fit.
    tables["decoded_counts"] = tables["decoded_counts"].drop_columns(["gene_index", "count"])
    frames = {name: table.to_pandas() for name, table in tables.items()}
    frames["gene_alignment"] = alignment.record
    frames["aligned_counts"] = pd.DataFrame(
        {
            "sample_id": list(raw.sample_ids),
            "matched_share": alignment.matched_share,
            "content_hash": hashes,
            "gene_order_hash": order.hash,
        }
    )
    return frames, alignment.counts


def pooled(name: str, cohorts: Sequence[Cohort]) -> Cohort:
    """Return several cohorts as one dataset; samples are named ``cohort:sample``.

    Raw counts are of the genes that all of them have.
    """
    genes = sorted(set.intersection(*(set(cohort.raw.gene_ids) for cohort in cohorts)))
    counts, frames = [], []
    tables: dict[str, list[pd.DataFrame]] = {}
    samples: list[str] = []
    for cohort in cohorts:
        prefix = f"{cohort.name}:"
        column = {gene: i for i, gene in enumerate(cohort.raw.gene_ids)}
        counts.append(cohort.raw.counts[:, [column[gene] for gene in genes]])
        samples += [prefix + sample for sample in cohort.raw.sample_ids]
        frames.append(cohort.sheet.frame.assign(sample_id=prefix + cohort.sheet.frame["sample_id"]))
        for table, rows in cohort.tables.items():
            own = {"dataset": name} if "dataset" in rows else {}
            if "sample_id" in rows:
                own["sample_id"] = prefix + rows["sample_id"]
            tables.setdefault(table, []).append(rows.assign(**own))
    joined = {table: pd.concat(rows, ignore_index=True) for table, rows in tables.items()}
    joined["gene_alignment"] = joined["gene_alignment"].drop_duplicates("raw_gene_id")
    frame = pd.concat(frames, ignore_index=True).fillna("")
    raw = CountMatrix(tuple(samples), tuple(genes), sparse.csr_array(sparse.vstack(counts)))
    aligned = sparse.csr_array(sparse.vstack([cohort.aligned for cohort in cohorts]))
    return Cohort(name, SampleSheet(frame), joined, aligned, raw)
