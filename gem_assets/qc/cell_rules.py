"""What is different where a label is of many cells: how many are enough, and what they prove.

The rules of samples are applied to the mean of the cells' probabilities, and they accuse rarely:
a single cell's reads leave some probability to everything, and so does the mean of any number of
cells. That hardly any of fifty cells agrees with its label is evidence that no mean shows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.adjustments import adjust
from gem_assets.qc.cell_evidence import JointEvidence
from gem_assets.qc.cell_membership import CellGroups
from gem_assets.qc.partners import DOUBTED
from gem_assets.qc.reasons import Reason, Status
from gem_assets.qc.settings import QcSettings

TOO_FEW_CELLS = str(Reason.TOO_FEW_CELLS)
"""Reason of groups that are not judged for their size."""

CELLS_CONTRADICT = str(Reason.CELLS_CONTRADICT)
"""Reason of groups whose cells contradict the label together."""

_COMPANY = ("cell_line", "sample_type")
"""Fields that temper what is said of the tissue."""


def independent_cells(n: NDArray[np.intp], settings: QcSettings) -> NDArray[np.float64]:
    """Return how many independent cells the n cells of a group count as.

    Kish's effective sample size of a cluster, n / (1 + (n - 1) r), with r the
    ``settings.cell_correlation`` of the model's errors.
    """
    return np.asarray(n / (1 + (np.maximum(n, 1) - 1) * settings.cell_correlation), dtype=float)


def hear_cells(
    verdicts: pd.DataFrame,
    rows: NDArray[np.intp],
    evidence: JointEvidence,
    code: NDArray[np.intp],
    heard: NDArray[np.intp],
    settings: QcSettings,
) -> pd.DataFrame:
    """Return the verdicts with what the cells of each group say jointly.

    A label of another organ or cell family that is doubtful or weakly contradicted on average
    fails where both hold: less than ``doubtful_compatible`` of the cells agree with it, and all
    together are ``contradicts_ratio`` times as likely what they look like.

    Parameters
    ----------
    verdicts
        The ``qc_verdicts`` table of the groups.
    rows
        Places in it of the verdicts on one field.
    evidence
        What the cells of these groups say.
    code
        Label of each of these groups among those of the evidence, -1 for none.
    heard
        Cells of each of these groups of which there are probabilities.
    settings
        Thresholds.
    """
    if not evidence.log_mass.shape[1]:  # no label of the field could be judged
        return verdicts
    verdicts = verdicts.copy()
    told = verdicts.iloc[rows]
    doubted = told["reason"].isin(DOUBTED) & told["status"].isin([Status.WARN, Status.UNCLEAR])
    known = (code >= 0) & np.isfinite(evidence.log_rival)
    own = np.where(known, np.take_along_axis(evidence.log_mass, code[:, None], 1)[:, 0], 0.0)
    log_ratio = independent_cells(heard, settings) * np.where(known, evidence.log_rival - own, 0.0)
    fails = doubted.to_numpy() & known
    fails &= log_ratio >= np.log(settings.contradicts_ratio)
    fails &= evidence.agreeing < settings.doubtful_compatible * heard
    failing = verdicts.index[rows[fails]]
    verdicts.loc[failing, "status"] = str(Status.FAIL)
    verdicts.loc[failing, "reason"] = CELLS_CONTRADICT
    return verdicts


def leave_out_small_groups(
    verdicts: pd.DataFrame, answered: NDArray[np.intp], settings: QcSettings
) -> pd.DataFrame:
    """Return the verdicts, those on too few cells as not assessed.

    Parameters
    ----------
    verdicts
        The ``qc_verdicts`` table of the groups.
    answered
        Cells that the model answered, by verdict.
    settings
        Thresholds.
    """
    verdicts = verdicts.copy()
    small = verdicts["status"].ne(str(Status.NOT_ASSESSED)) & (answered < settings.group_min_cells)
    verdicts.loc[small, "status"] = str(Status.NOT_ASSESSED)
    verdicts.loc[small, "reason"] = TOO_FEW_CELLS
    numbers = ["p_provided", "p_compatible", "ratio"]
    verdicts.loc[small, numbers] = np.nan
    return verdicts


def adjust_in_company(
    verdicts: pd.DataFrame, groups: CellGroups, settings: QcSettings
) -> pd.DataFrame:
    """Return the verdicts with the rules between fields applied.

    The cells of a tissue may be in several groups of another field; the group that most of them
    are in speaks for them.
    """
    parts = [verdicts]
    if "tissue" in groups.cells:
        tissue = groups.members("tissue")
        for field in _COMPANY:
            if field not in groups.cells:
                continue
            pairs = pd.DataFrame({"tissue": tissue, "other": groups.members(field)}).dropna()
            shared = pairs.astype(int).value_counts().reset_index()
            shared = shared[2 * shared["count"] > groups.sizes[shared["tissue"]]]
            speaking = verdicts.iloc[shared["other"].to_numpy()]
            names = groups.labels["sample_id"].to_numpy()[shared["tissue"]]
            parts.append(speaking.assign(sample_id=names))
    adjusted = adjust(pd.concat(parts, ignore_index=True), settings, None)
    return adjusted.iloc[: len(verdicts)].set_axis(verdicts.index)
