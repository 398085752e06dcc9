"""The partner rule: a doubtful label fails if a failing sample holds the label that it should have.

Alone, such a label is too weakly contradicted to be called wrong. That another sample of the
dataset fails, and that both would be right with their labels exchanged, is evidence of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.label_fit import LabelFit, LabelFits
from gem_assets.qc.reasons import Reason, Status

JOINT_RATIO = 1e3
"""Joint likelihood ratio from which an exchange explains two labels better than they stand. With
it, on 26 real samples, recall of wrong labels rises from .93 to .96 or more, and no right one is
accused in 10 of 11 settings of the model."""

LOG_JOINT_RATIO = float(np.log(JOINT_RATIO))

DOUBTED = (str(Reason.DOUBTFUL), str(Reason.WEAK_EVIDENCE))
"""Reasons of labels of another organ that don't fail by themselves."""


def with_partners(
    verdicts: pd.DataFrame, fits: LabelFits, *, batches: pd.Series | None = None
) -> pd.DataFrame:
    """Return the verdicts with the partner rule applied.

    A label that is doubtful or weakly contradicted by another organ's fails, if exchanging it
    with the label of an already failing sample fits both better, jointly by `JOINT_RATIO` or
    more. What this rule made fail is nobody's partner.

    Apply :func:`gem_assets.qc.adjustments.adjust` before, so that no excused label counts as
    failing, and after, since the rule knows nothing of cell lines and poor reconstructions.

    Parameters
    ----------
    verdicts
        The result of :func:`gem_assets.qc.verdicts.judge`.
    fits
        The fits of the same labels.
    batches
        Batch by sample: a partner is of the same batch. Without it, anywhere in the dataset.
    """
    verdicts = verdicts.copy()
    batch = batch_codes(fits, batches)
    for field, fit in fits.accusing().items():
        rows = verdicts["field"].eq(field)
        failing = places_of(verdicts, rows & verdicts["status"].eq(str(Status.FAIL)), fits)
        # A doubtful label that something excused (a pass, another status) stays excused.
        doubted = rows & verdicts["reason"].isin(DOUBTED)
        doubted &= verdicts["status"].isin([str(Status.WARN), str(Status.UNCLEAR)])
        supported = _supported(places_of(verdicts, doubted, fits), failing, fit, batch)
        chosen = doubted & verdicts["sample_id"].isin(fits.samples[supported])
        verdicts.loc[chosen, "status"] = str(Status.FAIL)
        verdicts.loc[chosen, "reason"] = str(Reason.CONTRADICTS_WITH_PARTNER)
    return verdicts


def places_of(verdicts: pd.DataFrame, rows: pd.Series, fits: LabelFits) -> NDArray[np.intp]:
    """Return the places of the samples of some verdicts among those of the fits, ascending."""
    places = fits.samples.get_indexer(pd.Index(verdicts.loc[rows, "sample_id"]))
    return np.unique(places[places >= 0])


def batch_codes(fits: LabelFits, batches: pd.Series | None) -> NDArray[np.intp]:
    """Return each sample's batch as a number; -1 for those without one."""
    if batches is None:
        return np.zeros(len(fits.samples), dtype=np.intp)
    return pd.factorize(batches.reindex(fits.samples))[0].astype(np.intp)


def _supported(
    doubted: NDArray[np.intp],
    failing: NDArray[np.intp],
    fit: LabelFit,
    batch: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Return the doubted samples that an exchange with a failing one explains.

    Partners with the same label differ only in what they gain, so that for each two labels the
    partner that gains most stands for all: samples x labels, not samples x samples.
    """
    supported: list[NDArray[np.intp]] = [doubted[:0]]
    for one in np.unique(batch[doubted]):
        mine = doubted[(batch[doubted] == one) & (fit.code[doubted] >= 0)]
        others = failing[(batch[failing] == one) & (fit.code[failing] >= 0)]
        if not len(mine) or not len(others):
            continue
        others = others[np.argsort(fit.code[others], kind="stable")]
        held, start, of_label = np.unique(fit.code[others], return_index=True, return_inverse=True)
        by_label = fit.log_p[others] - fit.log_p[others, fit.code[others]][:, None]
        by_label[~fit.unlike[held][of_label]] = 0
        theirs = np.maximum.reduceat(by_label, start, axis=0)[:, fit.code[mine]].T
        gains = fit.gain(mine, others[start])
        explained = (gains > 0) & (theirs > 0) & (gains + theirs >= LOG_JOINT_RATIO)
        supported.append(mine[explained.any(axis=1)])
    return np.concatenate(supported)
