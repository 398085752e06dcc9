"""Whether a matrix holds raw human counts: every finding, before anything is sent anywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gem_assets.counts.facts import LISTED, CountsFacts
from gem_assets.counts.gene_names import ensembl_share, landmark_count
from gem_assets.counts.matrix import Counts
from gem_assets.counts.species import find_species_problems
from gem_assets.counts.values import (
    MILLION,
    ROUNDED_SUMS,
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


def inspect_counts(counts: Counts, modality: Modality, source: str) -> tuple[InputProblem, ...]:
    """Go through counts once, and return what `judge_counts` says of them."""
    return judge_counts(CountsFacts.of(counts), modality, source)


def judge_counts(facts: CountsFacts, modality: Modality, source: str) -> tuple[InputProblem, ...]:
    """Return everything that is wrong or doubtful about counts; errors come first.

    Codes of errors: ``no_samples, no_genes, transposed, wrong_species, transcripts, not_finite,
    negative_counts, zscore_like, log_like, tpm_like, scaled_counts, equal_sums,
    quantile_normalised, empty_samples``. Of warnings: ``mixed_species, fractional_counts,
    equal_depth, maybe_tpm``, and in bulk ``few_genes, few_reads``.

    Parameters
    ----------
    facts
        Of the counts as read, not aligned: detected genes and library sizes are those of the input.
    modality
        ``bulk`` or ``sc``.
    source
        What each sentence begins with, usually the path of the file.
    """
    if not facts.n_samples or not facts.n_genes:
        problems = [_nothing(facts)]
    else:
        not_counts = find_value_problems(facts, modality)
        problems = [*_transposed(facts), *find_species_problems(facts.looked_at), *not_counts]
        problems += _empty_samples(facts, modality)
        if not not_counts:  # depth and detection mean nothing in values that are no counts
            problems += _doubtful_values(facts)
            problems += _shallow_samples(facts) if modality == "bulk" else []
    problems.sort(key=lambda p: p.severity is not Severity.ERROR)
    return tuple(replace(p, sentence=f"{source}: {p.sentence}") for p in problems)


def _nothing(facts: CountsFacts) -> InputProblem:
    what = "genes" if facts.n_samples else "samples"
    return InputProblem(
        "no_genes" if facts.n_samples else "no_samples",
        Severity.ERROR,
        f"there are no {what} in the matrix ({facts.n_samples} samples x {facts.n_genes} genes).",
        "Give a counts file with at least one sample and one gene.",
    )


def _transposed(facts: CountsFacts) -> list[InputProblem]:
    samples, genes = facts.sample_ids, facts.gene_ids
    by_id = ensembl_share(samples) >= 0.5
    by_symbol = landmark_count(samples) >= 2 and landmark_count(genes) == 0
    if not by_id and not (by_symbol and ensembl_share(genes) < 0.5):
        return []
    return [
        InputProblem(
            "transposed",
            Severity.ERROR,
            f"the matrix lies on its side: its {facts.n_samples:,} samples are named like genes "
            f"({', '.join(samples[:3])}...), its {facts.n_genes:,} genes like samples "
            f"({', '.join(genes[:3])}...).",
            "Transpose it, so that samples (obs) are samples and genes (var) are genes.",
        )
    ]


def _empty_samples(facts: CountsFacts, modality: Modality) -> list[InputProblem]:
    empty = facts.detected_genes == 0
    if not empty.any():
        return []
    noun = "samples" if modality == "bulk" else "cells"
    return [
        InputProblem(
            "empty_samples",
            Severity.ERROR,
            f"{_some(facts, empty, noun)} no counts at all.",
            "Remove them from the counts file; nothing can be predicted from zeros."
            if modality == "bulk"
            else "Filter empty barcodes first: give CellRanger's filtered matrix, not raw.",
            _where(facts, empty),
        )
    ]


def _doubtful_values(facts: CountsFacts) -> list[InputProblem]:
    problems = []
    values = facts.values
    sums = facts.total_counts
    counted = sums[sums > 0]
    which = "" if len(counted) == len(sums) else " with counts"
    if values.n_fractional:
        problems.append(
            InputProblem(
                "fractional_counts",
                Severity.WARNING,
                f"{values.n_fractional:,} of {values.n_stored:,} counts above 0 have fractions, as "
                "estimated by salmon, kallisto or RSEM.",
                "They will be rounded, halves to the even number, after the rows of a gene are "
                "added. Make sure that this is no TPM or FPKM.",
            )
        )
    elif facts.n_samples == 1 and abs(sums[0] / MILLION - 1) < ROUNDED_SUMS:
        problems.append(
            InputProblem(
                "maybe_tpm",
                Severity.WARNING,
                f"the only sample sums to {sums[0]:,.0f}, nearly a million, as rounded TPM or CPM "
                "do.",
                "Make sure that these are raw counts.",
            )
        )
    elif facts.n_samples >= 3 and values.n_stored >= 100 and _nearly_equal(counted):
        problems.append(
            InputProblem(
                "equal_depth",
                Severity.WARNING,
                f"all {len(counted):,} samples{which} have nearly the same total "
                f"({counted.min():,.0f} to {counted.max():,.0f}): reads were subsampled to one "
                "depth, or these are normalised values rounded to whole numbers.",
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


def _shallow_samples(facts: CountsFacts) -> list[InputProblem]:
    problems = []
    counted = facts.detected_genes > 0  # an empty sample is an error already
    few_genes = counted & (facts.detected_genes < FEW_GENES)
    # In a filtered matrix that many genes can't be detected; its coverage of the model's genes is
    # looked at when it is aligned.
    if facts.n_genes >= FEW_GENES and few_genes.any():
        problems.append(
            InputProblem(
                "few_genes",
                Severity.WARNING,
                f"{_some(facts, few_genes, 'samples')} fewer than {FEW_GENES:,} detected genes "
                f"(least: {facts.detected_genes[few_genes].min():,}).",
                "Take predictions for them with caution: RNA may be degraded or the library small.",
                _where(facts, few_genes),
            )
        )
    few_reads = counted & (facts.total_counts < FEW_READS)
    if few_reads.any():
        problems.append(
            InputProblem(
                "few_reads",
                Severity.WARNING,
                f"{_some(facts, few_reads, 'samples')} fewer than {FEW_READS:,} counts (least: "
                f"{facts.total_counts[few_reads].min():,.0f}).",
                "Take predictions for them with caution. If these are single cells, they belong "
                "under sc/; if these are rounded TPM or FPKM, give raw counts.",
                _where(facts, few_reads),
            )
        )
    return problems


def _some(facts: CountsFacts, which: NDArray[np.bool_], noun: str) -> str:
    """Say how many of the samples, and name the first: the beginning of a sentence about them."""
    n = int(np.count_nonzero(which))
    first = facts.sample_ids[int(np.argmax(which))]
    if facts.n_samples == 1:
        return f"the only {noun[:-1]} ({first}) has"
    if n == 1:
        return f"1 of {facts.n_samples:,} {noun} ({first}) has"
    return f"{n:,} of {facts.n_samples:,} {noun} (the first is {first}) have"


def _where(facts: CountsFacts, which: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(facts.sample_ids[i] for i in np.flatnonzero(which)[:LISTED])
