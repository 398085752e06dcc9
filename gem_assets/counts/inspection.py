"""Whether a matrix holds raw human counts: every finding, before anything is sent anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gem_assets.counts.gene_names import ensembl_share, landmark_count
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.species import find_species_problems
from gem_assets.counts.values import (
    MILLION,
    ROUNDED_SUMS,
    ValueFacts,
    find_value_problems,
)
from gem_assets.problems import InputProblem, Severity
from gem_assets.settings import Modality

FEW_GENES = 10_000
"""A bulk sample with fewer detected genes is flagged by Synthesize Bio's quality control."""

EVEN_DEPTH = 0.05
"""Coefficient of variation of total counts below which ten or more samples are too even."""

FEW_READS = 1_000_000
"""A bulk sample with fewer reads is too shallow for its lowly expressed genes."""

_LISTED = 100


def inspect_counts(
    matrix: CountMatrix, modality: Modality, source: str
) -> tuple[InputProblem, ...]:
    """Return everything that is wrong or doubtful about a matrix; errors come first.

    Codes of errors: ``no_samples, no_genes, transposed, wrong_species, transcripts, not_finite,
    negative_counts, zscore_like, log_like, tpm_like, scaled_counts, equal_sums,
    quantile_normalised, empty_samples``. Of warnings: ``mixed_species, fractional_counts,
    equal_depth, maybe_tpm``, and in bulk ``few_genes, few_reads``.

    Parameters
    ----------
    matrix
        Counts as read, not aligned: detected genes and library sizes are those of the input.
    modality
        ``bulk`` or ``sc``.
    source
        What each sentence begins with, usually the path of the file.
    """
    if not matrix.n_samples or not matrix.n_genes:
        problems = [_nothing(matrix)]
    else:
        facts = ValueFacts.of(matrix.counts)
        not_counts = find_value_problems(matrix, modality, facts)
        problems = [*_transposed(matrix), *find_species_problems(matrix), *not_counts]
        problems += _empty_samples(matrix, modality)
        if not not_counts:  # depth and detection mean nothing in values that are no counts
            problems += _doubtful_values(matrix, facts)
            problems += _shallow_samples(matrix) if modality == "bulk" else []
    problems.sort(key=lambda p: p.severity is not Severity.ERROR)
    return tuple(replace(p, sentence=f"{source}: {p.sentence}") for p in problems)


def _nothing(matrix: CountMatrix) -> InputProblem:
    what = "genes" if matrix.n_samples else "samples"
    return InputProblem(
        f"no_{what}",
        Severity.ERROR,
        f"there are no {what} in the matrix ({matrix.n_samples} samples x {matrix.n_genes} genes).",
        "Give a counts file with at least one sample and one gene.",
    )


def _transposed(matrix: CountMatrix) -> list[InputProblem]:
    samples, genes = matrix.sample_ids, matrix.gene_ids
    by_id = ensembl_share(samples) >= 0.5
    by_symbol = landmark_count(samples) >= 2 and landmark_count(genes) == 0
    if not by_id and not (by_symbol and ensembl_share(genes) < 0.5):
        return []
    return [
        InputProblem(
            "transposed",
            Severity.ERROR,
            f"the matrix lies on its side: its {matrix.n_samples:,} samples are named like genes "
            f"({', '.join(samples[:3])}...), its {matrix.n_genes:,} genes like samples "
            f"({', '.join(genes[:3])}...).",
            "Transpose it, so that samples (obs) are samples and genes (var) are genes.",
        )
    ]


def _empty_samples(matrix: CountMatrix, modality: Modality) -> list[InputProblem]:
    empty = matrix.detected_genes == 0
    if not empty.any():
        return []
    noun = "samples" if modality == "bulk" else "cells"
    return [
        InputProblem(
            "empty_samples",
            Severity.ERROR,
            f"{_some(matrix, empty, noun)} no counts at all.",
            "Remove them from the counts file; nothing can be predicted from zeros."
            if modality == "bulk"
            else "Filter empty barcodes first: give CellRanger's filtered matrix, not raw.",
            _where(matrix, empty),
        )
    ]


def _doubtful_values(matrix: CountMatrix, facts: ValueFacts) -> list[InputProblem]:
    problems = []
    sums = matrix.total_counts
    if facts.n_fractional:
        problems.append(
            InputProblem(
                "fractional_counts",
                Severity.WARNING,
                f"{facts.n_fractional:,} of {facts.n_stored:,} counts above 0 have fractions, as "
                "estimated by salmon, kallisto or RSEM.",
                "They will be rounded, halves to the even number, after the rows of a gene are "
                "added. Make sure that this is no TPM or FPKM.",
            )
        )
    elif matrix.n_samples == 1 and abs(sums[0] / MILLION - 1) < ROUNDED_SUMS:
        problems.append(
            InputProblem(
                "maybe_tpm",
                Severity.WARNING,
                f"the only sample sums to {sums[0]:,.0f}, nearly a million, as rounded TPM or CPM "
                "do.",
                "Make sure that these are raw counts.",
            )
        )
    elif matrix.n_samples >= 3 and facts.n_stored >= 100 and _nearly_equal(sums[sums > 0]):
        problems.append(
            InputProblem(
                "equal_depth",
                Severity.WARNING,
                f"all {matrix.n_samples} samples have nearly the same total "
                f"({sums.min():,.0f} to {sums.max():,.0f}): reads were subsampled to one depth, or "
                "these are normalised values rounded to whole numbers.",
                "Make sure that these are raw counts.",
            )
        )
    return problems


def _nearly_equal(sums: NDArray[np.float64]) -> bool:
    """Tell whether all sums are within 1 %, or ten or more samples vary by less than 5 %.

    The totals of real samples vary by 13 to 35 % in bulk, and by 60 % or more in single cells
    (coefficient of variation, measured on four and two cohorts).
    """
    within = float((sums.max() - sums.min()) / np.median(sums))
    variation = float(sums.std() / sums.mean())
    return within <= ROUNDED_SUMS or (len(sums) >= 10 and variation < EVEN_DEPTH)


def _shallow_samples(matrix: CountMatrix) -> list[InputProblem]:
    problems = []
    counted = matrix.detected_genes > 0  # an empty sample is an error already
    few_genes = counted & (matrix.detected_genes < FEW_GENES)
    # In a filtered matrix that many genes can't be detected; its coverage of the model's genes is
    # looked at when it is aligned.
    if matrix.n_genes >= FEW_GENES and few_genes.any():
        problems.append(
            InputProblem(
                "few_genes",
                Severity.WARNING,
                f"{_some(matrix, few_genes, 'samples')} fewer than {FEW_GENES:,} detected genes "
                f"(least: {matrix.detected_genes[few_genes].min():,}).",
                "Take predictions for them with caution: RNA may be degraded or the library small.",
                _where(matrix, few_genes),
            )
        )
    few_reads = counted & (matrix.total_counts < FEW_READS)
    if few_reads.any():
        problems.append(
            InputProblem(
                "few_reads",
                Severity.WARNING,
                f"{_some(matrix, few_reads, 'samples')} fewer than {FEW_READS:,} counts (least: "
                f"{matrix.total_counts[few_reads].min():,.0f}).",
                "Take predictions for them with caution. If these are single cells, they belong "
                "under sc/; if these are rounded TPM or FPKM, give raw counts.",
                _where(matrix, few_reads),
            )
        )
    return problems


def _some(matrix: CountMatrix, which: NDArray[np.bool_], noun: str) -> str:
    """Say how many of the samples, and name the first: the beginning of a sentence about them."""
    n = int(np.count_nonzero(which))
    first = matrix.sample_ids[int(np.argmax(which))]
    if matrix.n_samples == 1:
        return f"the only {noun[:-1]} ({first}) has"
    if n == 1:
        return f"1 of {matrix.n_samples:,} {noun} ({first}) has"
    return f"{n:,} of {matrix.n_samples:,} {noun} (the first is {first}) have"


def _where(matrix: CountMatrix, which: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(matrix.sample_ids[i] for i in np.flatnonzero(which)[:_LISTED])
