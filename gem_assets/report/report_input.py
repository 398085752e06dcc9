"""What a report is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from gem_assets.qc.calibration import Calibration


@dataclass(frozen=True, slots=True)
class Unit:
    """What a verdict is about, as a word: one of them, and several."""

    one: str
    several: str

    def __call__(self, n: int) -> str:
        """Return the word that goes with a number."""
        return self.one if n == 1 else self.several


SAMPLE = Unit("sample", "samples")
CELL = Unit("cell", "cells")
GROUP = Unit("group of cells", "groups of cells")


def unit_of(modality: str, labelled: bool) -> Unit:
    """Return what is judged of a modality: cells with labels are judged by groups."""
    if modality != "sc":
        return SAMPLE
    return GROUP if labelled else CELL


@dataclass(frozen=True)
class ReportInput:
    """The tables of one dataset that its report is made from.

    What is None, or empty, has no section in the report.

    Attributes
    ----------
    dataset, modality
        Name of the dataset; ``bulk`` or ``sc``.
    samples, verdicts, findings
        ``qc_samples``, ``qc_verdicts`` and ``qc_findings``. Single cells with labels have a row a
        group of cells, whose name stands for a sample's.
    predicted, probabilities, latents
        ``predicted_metadata``, ``classifier_probs`` and ``latents``.
    group_predictions
        The first two of the groups of cells; None for samples.
    group_latents
        Means of ``latents`` over the cells of each group; None for samples.
    markers
        Calls of the sex marker genes (`gem_assets.qc.markers.sex_markers`), and ``haemoglobin_cpm``
        where it was counted; None for single cells.
    quality
        Columns sample_id, matched_share (of the reads, on the model's genes) and reconstruction_r
        (correlation of log counts); None for groups of cells.
    votes
        What the marker genes say between a stated and a predicted tissue: columns sample_id, vote
        (a word of `gem_assets.qc.vote.Vote`) and sentence.
    suggestions
        ``qc_suggestions``: cells of the sheet that would have to be otherwise.
    sheet
        The sheet as it was read, with our names for its columns: what the suggestions change. None
        of single cells.
    changes, history
        ``qc_changes``, what the run before judged otherwise, and ``qc_history``: both or neither.
    selftest
        ``qc_selftest``: how many planted errors were found.
    calibrations
        Of each field that has reviews.
    batches
        What is known of the batches, where it is no finding.
    """

    dataset: str
    modality: str
    samples: pd.DataFrame
    verdicts: pd.DataFrame
    findings: pd.DataFrame
    predicted: pd.DataFrame
    probabilities: pd.DataFrame
    latents: pd.DataFrame
    group_predictions: tuple[pd.DataFrame, pd.DataFrame] | None = None
    group_latents: pd.DataFrame | None = None
    markers: pd.DataFrame | None = None
    quality: pd.DataFrame | None = None
    votes: pd.DataFrame | None = None
    suggestions: pd.DataFrame | None = None
    sheet: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    selftest: pd.DataFrame | None = None
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    batches: str | None = None

    @property
    def labelled(self) -> bool:
        """Whether any label was stated."""
        return not self.verdicts.empty

    @property
    def unit(self) -> Unit:
        """What a row of ``samples`` is."""
        return unit_of(self.modality, self.labelled)

    @property
    def predicted_of_units(self) -> pd.DataFrame:
        """``predicted_metadata`` of what the rows of ``samples`` are."""
        return self.predicted if self.group_predictions is None else self.group_predictions[0]

    @property
    def probabilities_of_units(self) -> pd.DataFrame:
        """``classifier_probs`` of what the rows of ``samples`` are."""
        return self.probabilities if self.group_predictions is None else self.group_predictions[1]

    @property
    def latents_of_units(self) -> pd.DataFrame:
        """``latents`` of what the rows of ``samples`` are."""
        return self.latents if self.group_latents is None else self.group_latents
