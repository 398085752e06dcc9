"""When most labels fail, the dataset is at fault: one sentence about it, with what proves it.

Forty accusations of samples that share one cause (another species, normalised values, a foreign
gene order) would be forty wrong findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from gem_assets.qc.findings import Finding
from gem_assets.qc.history import flagged_rate
from gem_assets.qc.reasons import Status
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.shifts import SHIFTS, Shift

UNEXPLAINED = "unexplained"
SHEET_SHIFTED = "sheet_shifted"
"""Causes in which the predictions are right and the labels stand elsewhere, or may."""

ONE_LABEL_FOR_ALL = "one_label_for_all"
SEX_REVERSED = "sex_reversed"
"""Causes in which the predictions are right and the labels stand nowhere: none changed places."""


@dataclass(frozen=True, slots=True)
class DatasetCause:
    """What is wrong with a dataset as a whole.

    Attributes
    ----------
    cause
        Code of the best-supported cause: ``sex_reversed``, ``sheet_shifted``,
        ``genes_do_not_fit``, ``values_or_order``, ``one_prediction_for_all``,
        ``one_label_for_all`` or ``unexplained``.
    judged, failed
        Samples with a judged label, and those of them with a failing one.
    sample_ids
        The failing samples.
    sentence
        One sentence: the observation and its cause, or what to check where none is proven.
    """

    cause: str
    judged: int
    failed: int
    sample_ids: tuple[str, ...]
    sentence: str

    @property
    def share(self) -> float:
        """Share of the judged samples that fail."""
        return self.failed / self.judged


def dataset_cause(
    verdicts: pd.DataFrame,
    settings: QcSettings,
    *,
    aligned_counts: pd.DataFrame | None = None,
    decoded_counts: pd.DataFrame | None = None,
    model_genes_share: float | None = None,
    shifts: Sequence[Shift] | None = None,
) -> DatasetCause | None:
    """Return the dataset's common cause, or None where samples fail one by one.

    There is one where at least ``dataset_cause_min_judged`` samples are judged, at least
    ``dataset_cause_min_failed`` of them fail, and these are more than ``dataset_cause_share``.
    The causes are tried on what is at hand, the most telling first: sexes that are all the other
    one; labels that fit some rows further along the sheet; reads or model genes that did not
    align; decoded counts unlike the input; the same prediction whatever the label; the same label
    whatever the prediction. Where none is proven, the sentence says so and names what is left to
    check: nothing that was looked for already, or that the failing fields can't come from.

    Parameters
    ----------
    verdicts
        The result of :func:`gem_assets.qc.verdicts.judge`.
    settings
        Thresholds.
    aligned_counts
        Columns sample_id, matched_share (of the reads, per sample).
    decoded_counts
        Columns sample_id, reconstruction_r.
    model_genes_share
        Share of the model's genes that the dataset holds.
    shifts
        The result of :func:`gem_assets.qc.shifts.find_shifts`. One that only a shift explains is a
        cause, if it contradicts most of the failing samples. None where none were looked for.
    """
    assessed = verdicts[verdicts["status"].ne(str(Status.NOT_ASSESSED))]
    failing = assessed[assessed["status"].eq(str(Status.FAIL))]
    judged = assessed["sample_id"].nunique()
    samples = tuple(str(sample) for sample in failing["sample_id"].unique())
    if (
        judged < settings.dataset_cause_min_judged
        or len(samples) < settings.dataset_cause_min_failed
        or len(samples) <= settings.dataset_cause_share * judged
    ):
        return None
    cause, because = next(
        chain(
            _sex_reversed(assessed, settings),
            _sheet_shifted(failing, shifts or ()),
            _counts_do_not_fit(settings, aligned_counts, decoded_counts, model_genes_share),
            _one_prediction_for_all(failing, settings),
            _one_label_for_all(assessed, settings),
        ),
        (UNEXPLAINED, _left_to_check(failing, shifts, genes_known=aligned_counts is not None)),
    )
    seen = f"{len(samples)} of {judged} judged samples contradict their label"
    return DatasetCause(cause, judged, len(samples), samples, f"{seen}: {because}.")


def cause_finding(cause: DatasetCause) -> Finding:
    """Return the cause as a finding; its score is the share of failing samples."""
    rate, low, high = flagged_rate(cause.failed, cause.judged)
    return Finding(
        kind="dataset_cause",
        sample_ids=cause.sample_ids,
        reason=cause.cause,
        sentence=cause.sentence,
        score=rate,
        ci_low=low,
        ci_high=high,
    )


Clauses = Iterator[tuple[str, str]]
"""(code, clause) of each cause that the tables at hand prove."""


def _sex_reversed(assessed: pd.DataFrame, settings: QcSettings) -> Clauses:
    of_sex = assessed["field"].eq("sex")
    stated = assessed[of_sex & assessed["provided_id"].isin(["female", "male"])]
    wrong = stated[stated["status"].eq(str(Status.FAIL))]
    others = assessed[~of_sex]
    others_fail = [
        rows["status"].eq(str(Status.FAIL)).mean() > settings.dataset_cause_share
        for _, rows in others.groupby("field")
    ]
    others_fit = others["status"].eq(str(Status.PASS)).mean() > 0.5  # NaN, of none, is not more
    if (
        len(wrong) >= settings.dataset_cause_min_failed
        and len(wrong) >= settings.one_class_share * len(stated)
        and wrong["provided_id"].nunique() == 2
        and not any(others_fail)
    ):
        yield (
            SEX_REVERSED,
            f"{_of(len(wrong), len(stated))} stated sexes, female and male, are predicted the "
            f"other one{', while most other labels fit' if others_fit else ''}, so the coding of "
            "sex may be reversed",
        )


def _sheet_shifted(failing: pd.DataFrame, shifts: Sequence[Shift]) -> Clauses:
    wrong = set(failing["sample_id"])
    for shift in shifts:
        if shift.alone and 2 * len(wrong & shift.contradicted) > len(wrong):
            far = f"{abs(shift.rows)} row{'s' if abs(shift.rows) > 1 else ''}"
            yield (
                SHEET_SHIFTED,
                f"{len(wrong & shift.contradicted)} of them fit the label stated {far} "
                f"{'below' if shift.rows > 0 else 'above'} their own, so the labels slipped "
                "against the samples",
            )


def _counts_do_not_fit(
    settings: QcSettings,
    aligned_counts: pd.DataFrame | None,
    decoded_counts: pd.DataFrame | None,
    model_genes_share: float | None,
) -> Clauses:
    if aligned_counts is not None:
        matched = _median(aligned_counts["matched_share"])
        if matched < settings.low_matched_share:
            yield (
                "genes_do_not_fit",
                f"in the median sample only {matched:.0%} of the reads lie on genes of the model, "
                "so the species or the gene annotation of the counts does not fit it",
            )
    if model_genes_share is not None and model_genes_share < settings.low_gene_share:
        yield (
            "genes_do_not_fit",
            f"the file holds only {model_genes_share:.0%} of the model's genes, so the model saw "
            "a small part of the expression",
        )
    if decoded_counts is not None:
        r = _median(decoded_counts["reconstruction_r"])
        if r < settings.low_reconstruction_r:
            yield (
                "values_or_order",
                f"the model reconstructs the median sample poorly (r {r:.2f}), so the values may "
                "be normalised or the genes in a wrong order",
            )


def _one_prediction_for_all(failing: pd.DataFrame, settings: QcSettings) -> Clauses:
    for field, rows in failing.groupby("field", sort=False):
        common = rows["predicted_label"].fillna(rows["predicted_id"]).value_counts()
        if (
            len(rows) >= settings.dataset_cause_min_failed
            and rows["provided_id"].nunique() > 1
            and common.iloc[0] >= settings.one_class_share * len(rows)
        ):
            yield (
                "one_prediction_for_all",
                f"{_name(field)} is predicted {common.index[0]} for {common.iloc[0]} of these "
                "samples whatever their label, so the counts may not be what the model expects",
            )


def _one_label_for_all(assessed: pd.DataFrame, settings: QcSettings) -> Clauses:
    """Yield the fields of one label that most failing samples fail in, in one clause."""
    explained: set[str] = set()
    told = []
    for field, rows in assessed.groupby("field", sort=False):
        wrong = rows[rows["status"].eq(str(Status.FAIL))]
        labels = rows["provided_id"].value_counts()
        predicted = rows["predicted_id"].value_counts()
        if (
            len(wrong) >= settings.dataset_cause_min_failed
            and len(wrong) > settings.dataset_cause_share * len(rows)
            and wrong["provided_id"].eq(labels.index[0]).all()
            and labels.iloc[0] >= settings.one_class_share * len(rows)
            and predicted.iloc[0] < settings.one_class_share * len(rows)
        ):
            explained |= set(wrong["sample_id"])
            label = wrong["provided_label"].fillna(wrong["provided_id"]).iloc[0]
            told.append(
                f"{_name(field)} is stated {label} for {_of(int(labels.iloc[0]), len(rows))}"
            )
    failing = set(assessed.loc[assessed["status"].eq(str(Status.FAIL)), "sample_id"])
    if 2 * len(explained) > len(failing):
        columns = "the column" if len(told) == 1 else "these columns"
        yield (
            ONE_LABEL_FOR_ALL,
            f"{' and '.join(told)} of them, while the predictions differ, so {columns} may have "
            "been filled in by default",
        )


def _left_to_check(
    failing: pd.DataFrame, shifts: Sequence[Shift] | None, *, genes_known: bool
) -> str:
    """Return what may still be at fault, as a clause.

    A shift that was found but proves nothing is told by a finding of its own. Neither species nor
    annotation reverses a sex.
    """
    looked = shifts is not None and not shifts
    check = "compare the labels with their source (they may have been sorted by themselves, or "
    check += "joined by a wrong key)"
    if not genes_known and set(failing["field"]) != {"sex"}:
        check += ", and check the species and gene annotation of the counts"
    none = f", and no shift by up to {max(SHIFTS)} rows explains them" if looked else ""
    return f"too many for single mistakes{none}; {check}"


def _name(field: object) -> str:
    return str(field).replace("_", " ")


def _of(n: int, total: int) -> str:
    return f"all {n}" if n == total else f"{n} of {total}"


def _median(values: pd.Series) -> float:
    """Return the median of what is known, NaN (below nothing) where nothing is."""
    known = values.dropna().astype(float)
    return float(known.median()) if len(known) else float("nan")
