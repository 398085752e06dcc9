"""Judge a whole dataset: each label, what is known of several together, and each sample."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.labels.sheet_cells import sheet_of_cells
from gem_assets.problems import InputProblem
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.batches import report_batches
from gem_assets.qc.closed_set import ClosedSet, ClosedSetSkipped, closed_sets
from gem_assets.qc.closed_set_findings import closed_set_findings
from gem_assets.qc.confused_labels import SUGGESTION_COLUMNS, LabelSearch, stated_column
from gem_assets.qc.dataset_cause import (
    ONE_LABEL_FOR_ALL,
    SEX_REVERSED,
    SHEET_SHIFTED,
    UNEXPLAINED,
    cause_finding,
    dataset_cause,
)
from gem_assets.qc.duplicate_findings import SampleFacts
from gem_assets.qc.duplicates import duplicates_across, duplicates_within
from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.marker_evidence import MarkerEvidence, hear_markers, weigh_markers
from gem_assets.qc.review import apply_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.signatures import Signatures, hashes_only, sign
from gem_assets.qc.stored_signatures import signature_table
from gem_assets.qc.summary import summarise_samples
from gem_assets.qc.verdicts import judge

INPUT_TABLES: Mapping[str, tuple[str, ...] | None] = {
    "sample_sheet": None,
    "sample_labels": None,
    "predicted_metadata": None,
    "classifier_probs": None,
    "latents": ("sample_id", "space", "vector"),
    "decoded_counts": ("sample_id", "reconstruction_r"),
    "aligned_counts": ("sample_id", "matched_share", "content_hash", "gene_order_hash"),
    "gene_alignment": ("raw_gene_id", "model_gene_id"),
}
"""The tables that a judgement reads, and the columns of each (None: all)."""

_SAID_TO_BE = ("cell_line", "cell_type", "tissue")
"""Fields whose labels make samples alike: replicates of one line are no duplicates."""

LABELS_MAY_BE_ELSEWHERE = (None, UNEXPLAINED, SHEET_SHIFTED)
"""Causes, and none, beside which labels that changed places are looked for."""

COUNTS_HOLD = (*LABELS_MAY_BE_ELSEWHERE, ONE_LABEL_FOR_ALL, SEX_REVERSED)
"""Causes, and none, beside which the counts can be read: marker genes are told."""


@dataclass(frozen=True, slots=True, eq=False)
class QcInput:
    """What a dataset is judged by.

    Attributes
    ----------
    dataset
        Its name.
    tables
        The tables of `INPUT_TABLES`, by name. ``aligned_counts`` tells which samples there are.
    raw_counts
        The counts as read, for the marker genes; None for single cells, which hold too few reads
        of any one gene.
    aligned
        The aligned counts, samples x model genes, in the order of the table; None for single
        cells, of which any two are alike.
    others
        What samples of other datasets are recognised by.
    reviews
        The result of :func:`gem_assets.qc.review.read_reviews`; None where there are none.
    """

    dataset: str
    tables: Mapping[str, pd.DataFrame]
    raw_counts: CountMatrix | None = None
    aligned: sparse.csr_array | None = None
    others: tuple[Signatures, ...] = ()
    reviews: pd.DataFrame | None = None

    @property
    def sample_ids(self) -> list[str]:
        """The samples of the counts, in their order."""
        return [str(name) for name in self.tables["aligned_counts"]["sample_id"]]

    def answers(self) -> dict[str, FieldAnswers]:
        """Return what the model answered, by field."""
        predicted, probs = self.tables["predicted_metadata"], self.tables["classifier_probs"]
        fields = dict.fromkeys([*predicted["field"].unique(), *probs["field"].unique()])
        return {str(name): field_answers(str(name), predicted, probs) for name in fields}


@dataclass(frozen=True, slots=True, eq=False)
class JudgedDataset:
    """The QC tables of a dataset.

    Attributes
    ----------
    verdicts, samples, findings, suggestions, signatures
        The tables ``qc_verdicts``, ``qc_samples``...
    problems
        Warnings on the reviews.
    markers
        What the marker genes say; None for single cells.
    closed_set_skipped
        For each field that the closed set was not asked about, why.
    """

    verdicts: pd.DataFrame
    samples: pd.DataFrame
    findings: pd.DataFrame
    suggestions: pd.DataFrame
    signatures: pd.DataFrame
    problems: tuple[InputProblem, ...] = ()
    markers: MarkerEvidence | None = field(default=None, repr=False)
    closed_set_skipped: tuple[str, ...] = ()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the frames by the names of their tables."""
        return {
            "qc_verdicts": self.verdicts,
            "qc_samples": self.samples,
            "qc_findings": self.findings,
            "qc_suggestions": self.suggestions,
            "qc_signatures": self.signatures,
        }

    def content_hash(self, table: str) -> str:
        """Return a sha256 over the rows of a table, whenever they were predicted."""
        frame = self.tables()[table].drop(columns="predicted_at", errors="ignore")
        return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def judge_dataset(given: QcInput, settings: QcSettings) -> JudgedDataset:
    """Judge every stated label of a bulk dataset, and what its samples have to do together.

    In this order: each label by its own evidence; doubtful ones with a failing partner; the marker
    genes, which may take an accusation back; the dataset as a whole; labels that changed places;
    foreign cells; duplicates; batches; and last what people have decided.

    Where the whole dataset fails for a proven cause, no labels are said to have changed places:
    either the predictions are worth nothing, or no label that fits is elsewhere in the sheet.

    Parameters
    ----------
    given
        Tables and counts. Without ``raw_counts`` no marker gene is heard, and without ``aligned``
        duplicates are found by their hashes only.
    settings
        Thresholds.
    """
    tables, dataset = given.tables, given.dataset
    answers = given.answers()
    sheet = sheet_of_cells(tables["sample_sheet"])
    decoded = tables["decoded_counts"]
    verdicts = judge(
        tables["sample_labels"],
        tables["predicted_metadata"],
        tables["classifier_probs"],
        settings,
        decoded_counts=decoded,
        answers=answers,
    )
    search = LabelSearch(tables, sheet, settings, answers)
    verdicts = search.hear_partners(verdicts)
    markers = None
    if given.raw_counts is not None:
        markers = hear_markers(given.raw_counts, tables, verdicts, settings)
        verdicts = weigh_markers(verdicts, markers)
    closed = closed_sets(tables["sample_labels"], answers, settings)
    verdicts = _with_label_quality(verdicts, closed)
    shifts = search.shifts()
    cause = dataset_cause(
        verdicts,
        settings,
        aligned_counts=tables["aligned_counts"],
        decoded_counts=decoded,
        shifts=shifts,
    )
    findings: list[Finding] = [] if cause is None else [cause_finding(cause)]
    suggestions = pd.DataFrame(columns=list(SUGGESTION_COLUMNS), dtype=object)
    confusions = None
    named_cause = None if cause is None else cause.cause
    if named_cause in LABELS_MAY_BE_ELSEWHERE:
        confusions = search.confusions(dataset, verdicts, shifts)
        findings += confusions.findings
        suggestions = confusions.suggestions
        named = {sample for finding in confusions.findings for sample in finding.sample_ids}
        issues = closed_set_findings(closed, verdicts)
        # Whose partner is known needs no second word on the label that fits.
        findings += [issue for issue in issues if not named.issuperset(issue.sample_ids)]
    if markers is not None and named_cause in COUNTS_HOLD:
        findings += markers.find()
    signatures, duplicates = _duplicates(given, sheet)
    findings += duplicates
    if search.batches is not None:
        batches = report_batches(search.batches, tables["sample_labels"], tables["latents"])
        findings += () if batches is None else batches.findings()
    problems: tuple[InputProblem, ...] = ()
    if given.reviews is not None:
        reviewed = apply_reviews(verdicts, given.reviews)
        verdicts, problems = reviewed.verdicts, reviewed.problems
    samples = summarise_samples(
        verdicts,
        given.sample_ids,
        dataset=dataset,
        markers=None if markers is None else markers.sexes,
        votes={} if markers is None else markers.votes,
        exchanges=() if confusions is None else confusions.exchanges,
        cause=cause,
        vocabularies={name: found.classes for name, found in answers.items() if found.classes},
    )
    return JudgedDataset(
        verdicts,
        samples,
        findings_table(dataset, findings),
        suggestions,
        signature_table(signatures),
        problems,
        markers,
        tuple(one.sentence for one in closed if isinstance(one, ClosedSetSkipped)),
    )


def _with_label_quality(
    verdicts: pd.DataFrame, closed: Sequence[ClosedSet | ClosedSetSkipped]
) -> pd.DataFrame:
    """Return the verdicts with the closed set's quality of each label, null where it has none."""
    known = {
        (str(sample), view.field): float(quality)
        for view in closed
        if isinstance(view, ClosedSet)
        for sample, quality in zip(view.samples, view.quality, strict=True)
    }
    keys = zip(verdicts["sample_id"], verdicts["field"], strict=True)
    return verdicts.assign(label_quality=[known.get(key, np.nan) for key in keys])


def _duplicates(given: QcInput, sheet: pd.DataFrame) -> tuple[Signatures, list[Finding]]:
    """Return what the samples are recognised by, and those that are one sample."""
    aligned = given.tables["aligned_counts"]
    hashes = [str(name) for name in aligned["content_hash"]]
    order = str(aligned["gene_order_hash"].iloc[0]) if len(aligned) else ""
    if given.aligned is None:
        known = hashes_only(given.dataset, order, given.sample_ids, hashes)
        return known, duplicates_across(known, given.others)
    said = _said_to_be(given, "provided_id")
    signatures = sign(given.dataset, order, given.sample_ids, hashes, given.aligned, said)
    donors, batches = (_in_order(stated_column(sheet, n), given) for n in ("donor", "batch"))
    named = _said_to_be(given, "provided_label")
    facts = SampleFacts(named, donors, batches, _biological_latents(given))
    within = duplicates_within(signatures, given.aligned, facts)
    return signatures, [*within, *duplicates_across(signatures, given.others)]


def _said_to_be(given: QcInput, column: str) -> list[str | None]:
    """Return what each sample is said to be, by ids to compare or by labels to read."""
    labels = given.tables["sample_labels"]
    labels = labels[labels["field"].isin(_SAID_TO_BE) & labels["provided_id"].notna()]
    words = labels[column].fillna(labels["provided_id"])
    return _in_order(words.groupby(labels["sample_id"]).agg(" + ".join), given) or []


def _in_order(by_sample: pd.Series | None, given: QcInput) -> list[str | None] | None:
    if by_sample is None:
        return None
    found = by_sample.astype(object).reindex(given.sample_ids)
    return [value if isinstance(value, str) else None for value in found]


def _biological_latents(given: QcInput) -> np.ndarray | None:
    latents = given.tables["latents"]
    held = latents[latents["space"].eq("biological")].drop_duplicates("sample_id")
    vectors = held.set_index("sample_id")["vector"].reindex(given.sample_ids)
    return np.stack(vectors.tolist()) if len(vectors) and vectors.notna().all() else None
