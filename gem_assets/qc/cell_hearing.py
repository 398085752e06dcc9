"""From the answers of cells to verdicts on their groups, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.buckets import buckets_of
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.ontology import label_of
from gem_assets.labels.resolution import RESOLVED
from gem_assets.qc.answers import FieldAnswers
from gem_assets.qc.cell_evidence import CellAnswers, JointEvidence, in_arrow
from gem_assets.qc.cell_exchanges import GroupSearch
from gem_assets.qc.cell_membership import CellGroups
from gem_assets.qc.cell_rules import (
    adjust_in_company,
    hear_cells,
    independent_cells,
    leave_out_small_groups,
)
from gem_assets.qc.cell_words import LIKELIER_THAN_NOT, CellCount, Family
from gem_assets.qc.closed_set import ClosedSet, ClosedSetSkipped, closed_sets
from gem_assets.qc.label_fit import LabelFit, LabelFits, label_fits
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import JUDGED_KINDS, judge

STANDS_OUT = 0.05
"""What a family has to add to its likeliest kind to be worth a word."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What the cells say to one field's labels.

    Attributes
    ----------
    field
        Our name of the field.
    rows
        Places of its groups among all groups.
    cells
        The cells' answers; the number of a group is its place in ``rows``.
    mean, metadata
        The groups' answers under their names: means of probabilities, and rows of
        ``predicted_metadata``.
    """

    field: str
    rows: NDArray[np.intp]
    cells: CellAnswers
    mean: FieldAnswers
    metadata: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class HeardGroups:
    """Verdicts on groups of cells.

    Attributes
    ----------
    verdicts
        The ``qc_verdicts`` table, a row a group in the order of `CellGroups.labels`.
    counts
        How many cells there are and agree, by the group's name and field.
    search
        The search for labels that changed places.
    vocabularies
        The model's classes by field.
    closed_set_skipped
        For each field whose labels were not compared with each other, why.
    """

    verdicts: pd.DataFrame
    counts: Mapping[tuple[str, str], CellCount]
    search: GroupSearch
    vocabularies: Mapping[str, tuple[str, ...]]
    closed_set_skipped: tuple[str, ...] = ()


def voices_of(groups: CellGroups, tables: Mapping[str, pd.DataFrame]) -> list[Voice]:
    """Return what the cells say, a voice a field.

    Parameters
    ----------
    groups
        The groups of the cells.
    tables
        ``predicted_metadata`` and ``classifier_probs`` of the cells.
    """
    voices, probs = [], in_arrow(tables["classifier_probs"])
    for field in groups.cells:
        rows = np.flatnonzero(groups.labels["field"].eq(field))
        names = groups.labels["sample_id"].iloc[rows].tolist()
        members = groups.members(field)
        cells = CellAnswers(
            field,
            pd.Series(np.searchsorted(rows, members), index=members.index),
            len(rows),
            tables["predicted_metadata"],
            probs,
        )
        mean = cells.mean_answers(names)
        voices.append(Voice(field, rows, cells, mean, cells.metadata(names)))
    return voices


def hear_groups(groups: CellGroups, voices: Sequence[Voice], settings: QcSettings) -> HeardGroups:
    """Return the verdicts on the groups' labels, before anybody reviewed them.

    Raises
    ------
    ValueError
        If there are labels and no prediction at all.
    """
    metadata = pd.concat([voice.metadata for voice in voices], ignore_index=True)
    no_rows = metadata.head(0).assign(value=None, probability=None)
    answers = {voice.field: voice.mean for voice in voices}
    verdicts = judge(groups.labels, metadata, no_rows, settings, answers=answers)
    fits = label_fits(groups.labels, metadata, no_rows, settings, answers=answers)
    jointly: dict[str, LabelFit] = dict(fits.fields)
    answered, agreeing = (np.zeros(len(groups.labels), dtype=np.intp) for _ in range(2))
    for voice in voices:
        answered[voice.rows] = voice.cells.answered
        if FIELD_BY_NAME[voice.field].kind not in JUDGED_KINDS or not voice.cells.classes:
            continue
        if not settings.judges(voice.field):
            continue
        labels, code = _labels(groups.labels.iloc[voice.rows])
        evidence = voice.cells.joint_evidence(labels, code, voice.mean, settings)
        agreeing[voice.rows] = evidence.agreeing
        verdicts = hear_cells(
            verdicts, voice.rows, evidence, code, voice.cells.with_probabilities, settings
        )
        if voice.field in jointly:
            fit = jointly[voice.field]
            jointly[voice.field] = _sharpened(fit, fits, groups, voice, evidence, labels, settings)
    verdicts = leave_out_small_groups(verdicts, answered, settings)
    verdicts = adjust_in_company(verdicts, groups, settings)
    closed = closed_sets(groups.labels[answered >= settings.group_min_cells], answers, settings)
    verdicts = _with_label_quality(verdicts, closed)
    search = GroupSearch(groups, LabelFits(fits.samples, jointly))
    verdicts = adjust_in_company(search.hear_partners(verdicts), groups, settings)
    families = {voice.field: _families(voice.mean) for voice in voices}
    counted = zip(
        groups.labels["sample_id"].astype(str),
        groups.labels["field"].astype(str),
        groups.sizes.tolist(),
        answered.tolist(),
        agreeing.tolist(),
        strict=True,
    )
    return HeardGroups(
        verdicts,
        {
            (name, field): CellCount(stated, predicted, agree, families[field].get(name))
            for name, field, stated, predicted, agree in counted
        },
        search,
        {voice.field: voice.cells.classes for voice in voices if voice.cells.classes},
        tuple(one.sentence for one in closed if isinstance(one, ClosedSetSkipped)),
    )


def _families(mean: FieldAnswers) -> dict[str, Family]:
    """Return, by group, the family that it looks like, where its kinds share the probability."""
    of_class = [buckets_of(name, mean.classes) for name in mean.classes]
    buckets = sorted({bucket for some in of_class for bucket in some})
    member = np.array([[bucket in some for bucket in buckets] for some in of_class], dtype=float)
    found = {}
    for name, p, top in zip(mean.samples, mean.probability, mean.top, strict=True):
        mass = np.where(member[top] > 0, p @ member, -1.0)
        best = int(mass.argmax())
        if p[top] < LIKELIER_THAN_NOT and mass[best] >= p[top] + STANDS_OUT:
            found[str(name)] = Family(label_of(buckets[best]) or buckets[best], float(mass[best]))
    return found


def _with_label_quality(
    verdicts: pd.DataFrame, closed: Sequence[ClosedSet | ClosedSetSkipped]
) -> pd.DataFrame:
    """Return the verdicts with how well each label fits among those of the groups."""
    quality = {
        (name, view.field): share
        for view in closed
        if isinstance(view, ClosedSet)
        for name, share in view.frame()["quality"].items()
    }
    keys = zip(verdicts["sample_id"], verdicts["field"], strict=True)
    return verdicts.assign(label_quality=[quality.get(key, np.nan) for key in keys])


def _labels(stated: pd.DataFrame) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct labels that were resolved, and each group's place among them."""
    known = stated["resolution"].isin(RESOLVED) & stated["provided_id"].notna()
    code, labels = pd.factorize(stated["provided_id"].astype(object).where(known, None))
    return [str(label) for label in labels], code.astype(np.intp)


def _sharpened(
    fit: LabelFit,
    fits: LabelFits,
    groups: CellGroups,
    voice: Voice,
    evidence: JointEvidence,
    labels: Sequence[str],
    settings: QcSettings,
) -> LabelFit:
    """Return a field's fit with the joint likelihoods of the cells in place of their mean."""
    place = fits.samples.get_indexer(pd.Index(groups.labels["sample_id"].iloc[voice.rows]))
    columns = [labels.index(label) for label in fit.labels]
    n = independent_cells(voice.cells.with_probabilities, settings)
    log_p = np.zeros_like(fit.log_p)
    log_p[place] = (n[:, None] * evidence.log_mass)[:, columns]
    return replace(fit, log_p=log_p)
