"""When most labels fail, the dataset is at fault: one sentence about it, with what proves it.

Forty accusations of samples that share one cause (another species, normalised values, a foreign
gene order) would be forty wrong findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from gem_assets.qc.findings import Finding, findings_table
from gem_assets.qc.history import flagged_rate
from gem_assets.qc.reasons import Status
from gem_assets.qc.settings import QcSettings

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class DatasetCause:
    """What is wrong with a dataset as a whole.

    Attributes
    ----------
    cause
        Code of the best-supported cause: ``genes_do_not_fit``, ``values_or_order``,
        ``one_prediction_for_all`` or ``unexplained``.
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
) -> DatasetCause | None:
    """Return the dataset's common cause, or None where samples fail one by one.

    There is one where at least ``dataset_cause_min_judged`` samples are judged, at least
    ``dataset_cause_min_failed`` of them fail, and these are more than ``dataset_cause_share``.
    The causes are tried on what is at hand, the most telling first: reads or model genes that
    did not align; decoded counts unlike the input; the same prediction whatever the label. Where
    none is proven, the sentence says so and names what is left to check.

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
        _proven_causes(failing, settings, aligned_counts, decoded_counts, model_genes_share),
        (
            UNEXPLAINED,
            "too many for single mistakes; check whether the rows of the sample sheet are shifted "
            "against the counts, and the species and gene annotation of the counts",
        ),
    )
    seen = f"{len(samples)} of {judged} judged samples contradict their label"
    return DatasetCause(cause, judged, len(samples), samples, f"{seen}: {because}.")


def cause_findings(dataset: str, cause: DatasetCause | None) -> pd.DataFrame:
    """Return the cause as rows of the ``qc_findings`` table: one, or none."""
    if cause is None:
        return findings_table(dataset, ())
    rate, low, high = flagged_rate(cause.failed, cause.judged)
    found = Finding(
        kind="dataset_cause",
        sample_ids=cause.sample_ids,
        reason=cause.cause,
        sentence=cause.sentence,
        score=rate,
        ci_low=low,
        ci_high=high,
    )
    return findings_table(dataset, (found,))


def _proven_causes(
    failing: pd.DataFrame,
    settings: QcSettings,
    aligned_counts: pd.DataFrame | None,
    decoded_counts: pd.DataFrame | None,
    model_genes_share: float | None,
) -> Iterator[tuple[str, str]]:
    """Yield (code, clause) of each cause that the tables at hand prove, the most telling first."""
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
    for field, rows in failing.groupby("field", sort=False):
        common = rows["predicted_label"].fillna(rows["predicted_id"]).value_counts()
        if (
            len(rows) >= settings.dataset_cause_min_failed
            and rows["provided_id"].nunique() > 1
            and common.iloc[0] >= settings.one_class_share * len(rows)
        ):
            yield (
                "one_prediction_for_all",
                f"{str(field).replace('_', ' ')} is predicted {common.index[0]} for "
                f"{common.iloc[0]} of these samples whatever their label, so the counts may not "
                "be what the model expects",
            )


def _median(values: pd.Series) -> float:
    """Return the median of what is known, NaN (below nothing) where nothing is."""
    known = values.dropna().astype(float)
    return float(known.median()) if len(known) else float("nan")
