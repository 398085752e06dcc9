"""Judge a whole dataset: verdicts, the common cause, and the summary of each sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.answers import vocabularies
from gem_assets.qc.dataset_cause import cause_findings, dataset_cause
from gem_assets.qc.markers import samples_that_may_lack_y, sex_markers
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.summary import summarise_samples
from gem_assets.qc.verdicts import judge

INPUT_TABLES: Mapping[str, tuple[str, ...] | None] = {
    "sample_labels": None,
    "predicted_metadata": None,
    "classifier_probs": None,
    "decoded_counts": ("sample_id", "reconstruction_r"),
    "aligned_counts": ("sample_id", "matched_share"),
}
"""The tables that a judgement reads, and the columns of each (None: all)."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedDataset:
    """The three QC tables of a dataset."""

    verdicts: pd.DataFrame
    samples: pd.DataFrame
    findings: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the frames by the names of their tables."""
        return {
            "qc_verdicts": self.verdicts,
            "qc_samples": self.samples,
            "qc_findings": self.findings,
        }

    def content_hash(self, table: str) -> str:
        """Return a sha256 over the rows of a table, whenever they were predicted."""
        frame = self.tables()[table].drop(columns="predicted_at", errors="ignore")
        return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def judge_dataset(
    dataset: str,
    tables: Mapping[str, pd.DataFrame],
    raw_counts: CountMatrix | None,
    settings: QcSettings,
) -> JudgedDataset:
    """Judge every stated label of a dataset.

    Parameters
    ----------
    dataset
        Its name.
    tables
        The tables of `INPUT_TABLES`, by name. ``aligned_counts`` tells which samples there are.
    raw_counts
        The counts as read, for the marker genes; None for single cells, which hold too few reads
        of any one gene.
    settings
        Thresholds.
    """
    aligned = tables["aligned_counts"]
    verdicts = judge(
        tables["sample_labels"],
        tables["predicted_metadata"],
        tables["classifier_probs"],
        settings,
        decoded_counts=tables["decoded_counts"],
    )
    cause = dataset_cause(
        verdicts,
        settings,
        aligned_counts=aligned,
        decoded_counts=tables["decoded_counts"],
    )
    samples = summarise_samples(
        verdicts,
        aligned["sample_id"].tolist(),
        dataset=dataset,
        markers=None if raw_counts is None else marker_calls(raw_counts, tables, settings),
        cause=cause,
        vocabularies=vocabularies(tables["predicted_metadata"], tables["classifier_probs"]),
    )
    return JudgedDataset(verdicts, samples, cause_findings(dataset, cause))


def marker_calls(
    raw_counts: CountMatrix, tables: Mapping[str, pd.DataFrame], settings: QcSettings
) -> pd.DataFrame:
    """Return what the sex marker genes of each sample say, knowing which samples may lack Y."""
    lacking = samples_that_may_lack_y(tables["sample_labels"], tables["predicted_metadata"])
    return sex_markers(raw_counts, settings, may_lack_y=lacking)
