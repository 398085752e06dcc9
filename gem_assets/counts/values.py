"""Whether the values of a matrix look like raw counts, or like something made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.facts import CountsFacts, ValueFacts
from gem_assets.counts.matrix import CountMatrix
from gem_assets.problems import InputProblem, Severity
from gem_assets.settings import Modality

MILLION = 1_000_000.0

LOG_MAXIMUM = 25.0
"""log2 of 2**25, 33 million reads of one gene: no logarithm of expression reaches it."""

EXACT_SUM = 0.001
"""TPM and CPM sum to a million; written with one decimal, to within .01 % (measured)."""

ROUNDED_SUM = 0.002
"""Rounding TPM or CPM to whole numbers loses values below .5: up to .18 % of the sum of real
tissues (measured on 119 samples, 10,101 to 49,506 genes), so a single sample is judged by this."""

ROUNDED_SUMS = 0.01
"""Several samples whose sums all fall so near to a million are no libraries; real ones differ by
13 to 35 % (coefficient of variation, measured on four cohorts)."""

FILTERED_SPREAD = 0.2
"""Coefficient of variation of sums of TPM over part of the genes (coding: 7 to 13 %, measured)."""

FILTERED_LEAST = 100_000.0
"""Sum of TPM below which too few genes are left to tell."""

WHOLE_SHARE = 0.2
"""Estimated counts are often whole (salmon gene counts: about half); TPM and FPKM by chance only
(written with one decimal, 8 to 10 %, measured)."""

_LOOKED_AT = 100

_WANTED = "Give the raw counts (reads or UMIs), before any scaling, logarithm or batch correction."


def find_value_problems(facts: CountsFacts, modality: Modality) -> tuple[InputProblem, ...]:
    """Return an error if the values can't be raw counts: at most one, the one that explains most.

    Refused are NaN, infinite and negative values, logarithms, z-scores, TPM, CPM, FPKM, otherwise
    scaled counts and quantile-normalised ones. Whole numbers are refused for their form only if
    their sums are those of rounded TPM or CPM, or if they are quantile-normalised. FPKM whose sums
    exceed a million can't be told from estimated counts.
    """
    problem = _impossible(facts.values) or _transformed(facts.values)
    if problem is None and facts.values.n_stored:
        problem = (
            _quantile_normalised(facts)
            or (_scaled(facts, modality) if facts.values.n_fractional else None)
            or (_rounded(facts) if not facts.values.n_fractional else None)
        )
    return () if problem is None else (problem,)


def _error(
    code: str, sentence: str, action: str = _WANTED, where: tuple[str, ...] = ()
) -> InputProblem:
    return InputProblem(code, Severity.ERROR, sentence, action, where)


def _impossible(values: ValueFacts) -> InputProblem | None:
    if values.n_not_finite:
        where = values.not_finite_in
        return _error(
            "not_finite",
            f"{values.n_not_finite:,} value(s) are NaN or infinite, the first in {where[0]}.",
            "Write 0 where no read was counted, and remove genes or samples not measured.",
            where,
        )
    if values.n_negative and (not values.n_fractional or values.maximum >= LOG_MAXIMUM):
        where = values.negative_in
        return _error(
            "negative_counts",
            f"{values.n_negative:,} value(s) are negative, the first in {where[0]}; counts start "
            "at 0.",
            _WANTED,
            where,
        )
    return None


def _transformed(values: ValueFacts) -> InputProblem | None:
    if values.n_negative and abs(values.mean) < 0.1 and 0.5 < values.sd < 1.5:
        return _error(
            "zscore_like",
            f"the values look like z-scores: {values.n_negative:,} are negative, their mean is "
            f"{values.mean:.2f} and their standard deviation {values.sd:.2f}.",
        )
    if values.n_fractional and values.maximum < LOG_MAXIMUM:
        negatives = f", {values.n_negative:,} negative" if values.n_negative else ""
        return _error(
            "log_like",
            "the values look like logarithms (log-normalised, log-TPM, log-CPM, vst...): "
            f"{values.n_fractional:,} of {values.n_stored:,} have fractions{negatives}, and the "
            f"largest is {values.maximum:.3g}.",
        )
    return None


def _scaled(facts: CountsFacts, modality: Modality) -> InputProblem | None:
    """Judge values with fractions: TPM, CPM, FPKM, or counts divided by something."""
    sums = facts.total_counts[facts.detected_genes > 0]
    multiples = _multiples_of_one_number(facts.looked_at)
    tolerance = EXACT_SUM if len(sums) == 1 else ROUNDED_SUMS
    if np.all(np.abs(sums / MILLION - 1) < tolerance):
        return _error(
            "tpm_like",
            f"the values look like {'CPM' if multiples else 'TPM or CPM'}: every sample sums to a "
            "million.",
        )
    if multiples:
        return _error(
            "scaled_counts",
            "the values look like normalised counts: in every sample all values are multiples of "
            "one number, as after division by a library size or size factor.",
        )
    spread = float((sums.max() - sums.min()) / np.median(sums))
    # Two real libraries differ by less than a thousandth once in some hundred pairs.
    if (len(sums) > 1 and spread < EXACT_SUM) or (len(sums) > 2 and spread < ROUNDED_SUMS):
        return _error(
            "equal_sums",
            f"the values look normalised: they have fractions, and every sample sums to nearly the "
            f"same ({sums.min():,.1f} to {sums.max():,.1f}).",
        )
    if sums.max() > MILLION * (1 + EXACT_SUM) or sums.min() < FILTERED_LEAST:
        return None
    even = len(sums) > 1 and float(sums.std() / sums.mean()) < FILTERED_SPREAD
    hardly_whole = 1 - facts.values.n_fractional / facts.values.n_stored < WHOLE_SHARE
    if even or (modality == "bulk" and hardly_whole):
        return _error(
            "tpm_like",
            "the values look like TPM, FPKM or CPM of part of the genes: they have fractions, and "
            f"no sample sums to more than a million ({sums.min():,.0f} to {sums.max():,.0f}).",
        )
    return None


def _rounded(facts: CountsFacts) -> InputProblem | None:
    """Judge whole numbers: TPM or CPM rounded sum to a million, nearly but not exactly.

    Samples that all sum to exactly the same are subsampled reads, and real counts.
    """
    sums = facts.total_counts[facts.detected_genes > 0]
    distance = np.abs(sums / MILLION - 1)
    if len(sums) == 1:
        near = distance[0] < ROUNDED_SUM and sums[0] != MILLION
    else:
        near = bool(np.all(distance < ROUNDED_SUMS)) and sums.min() != sums.max()
    if not near:
        return None
    return _error(
        "tpm_like",
        "the values look like TPM or CPM rounded to whole numbers: every sample sums to nearly a "
        f"million ({sums.min():,.0f} to {sums.max():,.0f}).",
    )


def _quantile_normalised(facts: CountsFacts) -> InputProblem | None:
    """Find samples whose sorted values are the same, though the samples aren't.

    Needs 100 values a sample and 50 different ones, so that a small table is never met by chance.
    """
    matrix = facts.looked_at
    counts = matrix.counts
    rows = _evenly(np.flatnonzero(np.diff(counts.indptr) >= 100))
    if len(rows) < 2 or len(rows) < min(matrix.n_samples, _LOOKED_AT):
        return None
    sums = matrix.total_counts[rows]
    if (sums.max() - sums.min()) / np.median(sums) > ROUNDED_SUMS:
        return None
    values = [_row(counts, row) for row in rows]
    length = min(1_000, *(len(v) for v in values))
    top = np.stack([np.sort(v)[-length:] for v in values])
    if len(np.unique(top[0])) < 50 or all(np.array_equal(values[0], v) for v in values[1:]):
        return None
    # Ties are averaged differently in each sample, so a few ranks may differ.
    same = np.ptp(top, axis=0) <= 1e-3 * np.abs(top).max(axis=0)
    if same.mean() < 0.95:
        return None
    return _error(
        "quantile_normalised",
        f"the values look quantile-normalised: sorted, they are the same in all "
        f"{facts.n_samples} samples.",
    )


def _multiples_of_one_number(matrix: CountMatrix) -> bool:
    """Tell whether in each sample all values are whole multiples of one number of its own.

    Counts divided by a library size or size factor are, estimated counts are not. Where that
    number is the same in all samples (halves: reads shared by two genes), or a step of decimal
    places (.1, .02), it tells how the file was written, and nothing about scaling.
    """
    counts = matrix.counts
    units: list[float] = []
    for row in _evenly(np.flatnonzero(np.diff(counts.indptr) >= 50)):
        values = np.unique(_row(counts, row).round(9))[:_LOOKED_AT]
        if len(values) < 2:
            continue
        unit = float(np.diff(values).min())
        multiples = values / unit
        # Beyond thirty, rounding in the file hides whether a multiple is whole.
        multiples = multiples[multiples < 30.5]
        if len(multiples) < 5:
            continue
        if np.mean(np.abs(multiples - np.rint(multiples)) < 0.02) < 0.99:
            return False
        units.append(unit)
    telling = [unit for unit in units if not _is_decimal_step(unit)]
    if not telling or len(telling) < len(units) / 2:
        return False
    if len(units) == 1:
        parts = 1 / telling[0]
        return abs(parts - round(parts)) > 0.002 * parts
    return max(units) - min(units) > 0.002 * min(units)


def _is_decimal_step(unit: float) -> bool:
    """Tell whether it is .1, .01 or .001, or up to ten times that."""
    steps = unit / np.array([0.1, 0.01, 0.001])
    return bool(np.any((steps < 10.5) & (np.abs(steps - np.rint(steps)) < 1e-3)))


def _row(counts: sparse.csr_array, row: np.intp) -> NDArray[np.float64]:
    return counts.data[counts.indptr[row] : counts.indptr[row + 1]].astype(np.float64)


def _evenly(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= _LOOKED_AT:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _LOOKED_AT, dtype=int)]
