"""What a counts file, folder or dataset is, seen from this machine alone: ``gem-assets inspect``.

No endpoint is asked. Coverage is told against the gene order of the embedded model, which has the
length of GEM-1's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from upath import UPath

from gem_assets.datasets import CONFIG_NAME, SHEET_NAMES, Dataset, dataset_in
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.settings import MODALITIES, Modality
from gem_assets.severities import apply_severities

if TYPE_CHECKING:
    from gem_assets.counts.facts import CountsFacts
    from gem_assets.counts.matrix import Counts
    from gem_assets.genes.identifiers import IdentifierSummary
    from gem_assets.genes.order import GeneOrder

SINGLE_CELL_FORMATS = ("10x_mtx", "10x_h5")
"""Formats that hold single cells, whatever their folder is called."""


class Status(StrEnum):
    """How an inspection ends; ``exit_code`` is what the command ends with."""

    FINE = "fine"
    WARNINGS = "warnings"
    REFUSED = "refused"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2: the worst of several inputs is the greatest."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True, eq=False)
class SampleFacts:
    """Names and sizes of the samples, in the order of the file."""

    sample_ids: tuple[str, ...]
    total_counts: NDArray[np.float64]
    detected_genes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GeneFacts:
    """What became of the genes.

    Attributes
    ----------
    names
        Genes (rows of names) of the file.
    actions
        How many were placed or left out in which way, the most frequent first.
    model_id, model_genes
        Whose gene order this is held against, and its length.
    model_genes_share, counts_share
        Share of the model's genes that the file has, and of its counts that found one.
    identifiers
        What kind of names these are, what was done to read them, and what stayed open.
    """

    names: int
    actions: dict[str, int]
    model_id: str
    model_genes: int
    model_genes_share: float
    counts_share: float
    identifiers: IdentifierSummary


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What states the labels of a dataset.

    Attributes
    ----------
    path, format
        The sheet, or the h5ad whose ``obs`` is read.
    notes
        What was assumed in reading it.
    resolutions
        How many labels were understood in which way.
    """

    path: str
    format: str | None
    notes: tuple[str, ...]
    resolutions: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Everything that is known of one input; of a refused one only what could be found out.

    Attributes
    ----------
    path
        As it was given.
    modality
        ``bulk`` or ``sc``: as asked for, else told by the folder or the format.
    counts
        The counts file; None where none was found.
    format, orientation
        What it is, and how it lay.
    notes
        What was assumed or mended in reading it.
    samples, genes, sheet
        None where they could not be looked at.
    problems
        Errors and warnings, errors first, with the severities of the dataset.
    """

    path: str
    modality: Modality
    counts: str | None = None
    format: str | None = None
    orientation: str | None = None
    notes: tuple[str, ...] = ()
    samples: SampleFacts | None = None
    genes: GeneFacts | None = None
    sheet: SheetFacts | None = None
    problems: tuple[InputProblem, ...] = field(default=())

    @property
    def status(self) -> Status:
        """The worst of its problems."""
        if any(problem.severity is Severity.ERROR for problem in self.problems):
            return Status.REFUSED
        return Status.WARNINGS if self.problems else Status.FINE


def inspect_path(path: str, modality: Modality | None = None) -> Inspection:
    """Look at a counts file, a folder of them, or a dataset's folder; never raises for its faults.

    Parameters
    ----------
    path
        Local, or any location that fsspec reaches.
    modality
        ``bulk`` or ``sc``; None: ``sc`` if the path lies in a folder of that name or the format is
        one of single cells, else ``bulk``.
    """
    location = UPath(path)
    found = Inspection(path, modality or _modality_of(location))
    try:
        if not _is_dataset(location):
            return _inspect_counts(found, location, guess=modality is None)
        named = location if location.name not in ("", ".", "..") else _absolute(location)
        dataset = dataset_in(named, found.modality)
    except RefusedInputError as refusal:
        return replace(found, problems=refusal.problems)
    looked_at = _inspect_counts(found, dataset.counts, guess=False)
    return _with_sheet(looked_at, dataset)


def _modality_of(location: UPath) -> Modality:
    parts = _absolute(location).parts
    return next((m for m in MODALITIES if m != "bulk" and m in parts[:-1]), "bulk")


def _absolute(location: UPath) -> UPath:
    """Return a local path in full, so that ``.`` has a name and a parent."""
    return location.absolute() if not location.protocol else location


def _is_dataset(location: UPath) -> bool:
    """Tell a dataset's folder from a folder that a reader of counts knows."""
    if not location.is_dir():
        return False
    if any((location / name).exists() for name in (CONFIG_NAME, *SHEET_NAMES)):
        return True
    from gem_assets.counts.readers.registry import READERS
    from gem_assets.counts.readers.source import CountsSource

    source = CountsSource.open(location)
    return not any(reader.recognises(source) for reader in READERS)


def _inspect_counts(found: Inspection, location: UPath, *, guess: bool) -> Inspection:
    from gem_assets.counts.inspection import judge_counts
    from gem_assets.counts.readers import read_counts

    found = replace(found, counts=str(location))
    try:
        file = read_counts(location)
    except RefusedInputError as refusal:
        return replace(found, problems=refusal.problems)
    modality: Modality = "sc" if guess and file.format in SINGLE_CELL_FORMATS else found.modality
    try:
        facts, genes, coverage = _go_through(file.counts, modality)
    except RefusedInputError as refusal:
        return replace(found, format=file.format, notes=file.notes, problems=refusal.problems)
    told = judge_counts(facts, modality, str(location))
    if any(problem.severity is Severity.ERROR for problem in told):
        coverage = ()  # what covers nothing because it is a mouse's needs no second reason
    return replace(
        found,
        modality=modality,
        format=file.format,
        orientation=file.orientation,
        notes=file.notes,
        samples=SampleFacts(facts.sample_ids, facts.total_counts, facts.detected_genes),
        genes=genes,
        problems=apply_severities((*file.problems, *told, *coverage), {}),
    )


def _go_through(
    counts: Counts, modality: Modality
) -> tuple[CountsFacts, GeneFacts | None, tuple[InputProblem, ...]]:
    """Go through counts once: what they are judged by, and what of them the model reads."""
    from gem_assets.counts.facts import Survey
    from gem_assets.genes.alignment import Aligner
    from gem_assets.genes.identifiers import identifier_summary

    survey = Survey(counts)
    model_id, order = _gene_order(modality)
    aligner = Aligner(counts.gene_ids, counts.gene_symbols, order) if counts.gene_ids else None
    problems: tuple[InputProblem, ...] = ()
    for chunk in counts.chunks():
        survey.add(chunk)
        if aligner is not None:
            try:
                aligner.align(chunk)
            except RefusedInputError as refusal:  # values that can't be counts
                aligner, problems = None, refusal.problems
    if aligner is None:
        return survey.facts(), None, problems
    aligned = aligner.genes()
    actions = aligned.record["action"].value_counts()
    facts = GeneFacts(
        names=len(aligned.record),
        actions={str(action): int(n) for action, n in actions.items()},
        model_id=model_id,
        model_genes=len(order),
        model_genes_share=aligned.model_genes_share,
        counts_share=aligned.counts_share,
        identifiers=identifier_summary(aligned.record),
    )
    return survey.facts(), facts, aligned.problems


@cache
def _gene_order(modality: Modality) -> tuple[str, GeneOrder]:
    from gem_assets.embedded.model import BULK, SINGLE_CELL, load_model
    from gem_assets.genes.order import GeneOrder

    model_id = BULK if modality == "bulk" else SINGLE_CELL
    return model_id, GeneOrder(load_model(model_id).gene_ids)


def _with_sheet(found: Inspection, dataset: Dataset) -> Inspection:
    """Look at sheet, reviews and thresholds, too, and weigh all problems as the dataset does."""
    from gem_assets.assets.reviews import reviews_of
    from gem_assets.labels.statements import stated_labels
    from gem_assets.qc.review import apply_reviews
    from gem_assets.qc.settings import QcSettings

    config = dataset.config
    problems = found.problems
    try:
        QcSettings.from_mapping(config.thresholds)
    except RefusedInputError as refusal:
        problems += refusal.problems
    reviews = None
    try:
        reviews = reviews_of(dataset)
    except RefusedInputError as refusal:
        problems += refusal.problems
    if found.samples is not None:
        try:
            stated = stated_labels(
                dataset.name,
                dataset.sheet,
                found.samples.sample_ids,
                columns=config.sheet_columns(),
                aliases=dataset.aliases,
                counts=dataset.counts,
            )
            if stated.source is not None:
                resolutions = stated.resolutions()
                sheet = SheetFacts(stated.source, stated.format, stated.notes, resolutions)
                found = replace(found, sheet=sheet)
            problems += stated.problems
            if reviews is not None and found.modality == "bulk":  # reviews of cells are of groups
                labels = stated.table.to_pandas()
                problems += apply_reviews(labels, reviews, source=str(dataset.reviews)).problems
        except RefusedInputError as refusal:
            problems += refusal.problems
    return replace(found, problems=apply_severities(problems, config.severity))
