"""Verdicts on groups of cells in the words of somebody who annotated them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from gem_assets.labels.buckets import nearest_class
from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.ontology import label_of
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.cell_rules import CELLS_CONTRADICT, TOO_FEW_CELLS
from gem_assets.qc.dataset_cause import DatasetCause
from gem_assets.qc.reasons import Reason, Status, worst
from gem_assets.qc.sentences import (
    Verdict,
    describe,
    describe_unjudged,
    probability,
    read_verdicts,
    suggest,
)
from gem_assets.qc.summary import SAMPLE_COLUMNS

_ANNOTATED = frozenset({"cell_type"})
"""Fields that somebody reads off the cells; others come with the donor or the sample."""

LIKELIER_THAN_NOT = 0.5
"""Probability from which a predicted cell type is suggested."""


@dataclass(frozen=True, slots=True)
class Family:
    """The organ or cell family that a group looks like, where no one kind of it stands out.

    Attributes
    ----------
    name
        Its name.
    probability
        Mean probability of all its kinds together.
    """

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class CellCount:
    """How many cells a verdict on a group is of.

    Attributes
    ----------
    stated
        Cells that state the label.
    answered
        Those of them that the model answered the field for.
    agreeing
        Those that agree with the label.
    family
        What they look like, if that is no one kind.
    """

    stated: int
    answered: int
    agreeing: int
    family: Family | None = None


def summarise_groups(
    verdicts: pd.DataFrame,
    counts: Mapping[tuple[str, str], CellCount],
    *,
    dataset: str,
    least: int,
    cause: DatasetCause | None = None,
    partners: Mapping[str, str] | None = None,
    vocabularies: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the ``qc_samples`` table of groups of cells, a row a group.

    Parameters
    ----------
    verdicts
        The ``qc_verdicts`` table of the groups.
    counts
        The number of cells, by the group's name and field.
    dataset
        Its name.
    least
        The fewest cells that are judged.
    cause
        The dataset's common cause, to which contradicted groups then refer.
    partners
        By group, the one that it may have exchanged labels with.
    vocabularies
        The model's classes per field, to name the class nearest to a label that it does not know.

    Returns
    -------
    pandas.DataFrame
        The columns of `gem_assets.qc.summary.SAMPLE_COLUMNS`.
    """
    rows = []
    for name, found in read_verdicts(verdicts).items():
        failing = any(verdict.status == Status.FAIL for verdict in found)
        told = [
            _told(verdict, counts[name, verdict.field], least, vocabularies or {})
            for verdict in found
        ]
        if cause is not None and failing:
            told.append(
                f"The fault may lie with the whole dataset ({cause.failed} of {cause.judged} "
                "judged groups of cells fail): see its finding first."
            )
        rows.append(
            (
                dataset,
                name,
                worst([verdict.status for verdict in found]),
                [f"{verdict.field}:{verdict.reason}" for verdict in found],
                " ".join(told),
                _suggestion(found, cause if failing else None, (partners or {}).get(name)),
            )
        )
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS), dtype=object)


def cells_without_label(dataset: str, name: str, n: int) -> pd.DataFrame:
    """Return the row of ``qc_samples`` for cells that state nothing where others do."""
    row: tuple[object, ...] = (
        dataset,
        name,
        str(Status.NOT_ASSESSED),
        [],
        f"{_cells(n)} state{'s' if n == 1 else ''} no label.",
        "State labels for these cells to have them judged.",
    )
    return pd.DataFrame([row], columns=list(SAMPLE_COLUMNS), dtype=object)


def in_groups(cause: DatasetCause) -> DatasetCause:
    """Return a cause that speaks of groups of cells in place of samples."""
    told = cause.sentence.replace("judged samples", "judged groups of cells", 1)
    return replace(cause, sentence=told.replace("of these samples", "of these groups"))


def _told(
    verdict: Verdict,
    count: CellCount,
    least: int,
    vocabularies: Mapping[str, Sequence[str]],
) -> str:
    if verdict.reason == TOO_FEW_CELLS:
        missing = "" if count.answered == count.stated else f", {count.answered} of them predicted"
        return (
            f"{_cells(count.stated)} of {verdict.name} {verdict.provided}{missing}: too few to "
            f"judge; {least} are needed."
        )
    if verdict.status == Status.NOT_ASSESSED:
        why = describe_unjudged(verdict, _nearest(verdict, vocabularies))
        return f"{_cells(count.stated)}. Not judged: {why}."
    if FIELD_BY_NAME[verdict.field].kind is FieldKind.NUMBER:
        mean = f"the mean over {_cells(count.answered)} is {verdict.predicted} years"
        if not verdict.flagged:
            return f"The expression agrees with {verdict.name} {verdict.provided}: {mean}."
        return f"Stated {verdict.name} {verdict.provided}; {mean}."
    if not verdict.flagged:
        return f"The expression agrees with {verdict.name} {verdict.provided}: {_share(count)}."
    plain = verdict
    if verdict.reason in (CELLS_CONTRADICT, Reason.CONTRADICTS_WITH_PARTNER):
        plain = replace(verdict, reason=str(Reason.CONTRADICTS))
    told = f"{describe(plain)}{_family(count.family)}"
    told += f" Means over {_cells(count.answered)}, of which {_agree(count)}."
    if verdict.reason == Reason.CONTRADICTS_WITH_PARTNER:
        told += " Another group that fails holds the label that fits."
    return told


def _suggestion(
    found: Sequence[Verdict], cause: DatasetCause | None, partner: str | None
) -> str | None:
    if cause is not None:
        return "Settle the dataset's finding before changing this label."
    if partner is not None:
        return f"Check how the labels were given: it may have exchanged its with {partner}."
    doubted = [verdict for verdict in found if verdict.status in (Status.FAIL, Status.WARN)]
    for verdict in doubted:
        if verdict.field not in _ANNOTATED:
            break
        # Of a family that shares the probability, no one kind is worth suggesting.
        sure = verdict.status == Status.FAIL and (verdict.p_top or 0) >= LIKELIER_THAN_NOT
        hint = f"; suggested: {verdict.predicted}" if sure else ""
        return f"Check the annotation of these cells (clusters, marker genes){hint}."
    # What is not in the words of samples says what to do about a text, which is the same here.
    said = next((text for one in found if (text := suggest(one, None)) is not None), None)
    return None if said is None else said.replace("the sample's records", "the donor's records")


def _nearest(verdict: Verdict, vocabularies: Mapping[str, Sequence[str]]) -> str | None:
    if verdict.reason != Reason.LABEL_OUT_OF_VOCABULARY or verdict.provided_id is None:
        return None
    first = verdict.provided_id.split(VALUE_SEPARATOR)[0]
    found = nearest_class(first, tuple(vocabularies.get(verdict.field, ())))
    return None if found is None else label_of(found) or found


def _family(family: Family | None) -> str:
    if family is None:
        return ""
    return f" All kinds of {family.name} together have p {probability(family.probability)}."


def _cells(n: int) -> str:
    return "1 cell" if n == 1 else f"{n:,} cells"


def _agree(count: CellCount) -> str:
    """Return how many of the cells agree, as "3 (12 %) agree with the label"."""
    if not count.agreeing:
        return "none agrees with the label"
    share = f"{count.agreeing:,} ({count.agreeing / count.answered:.0%})"
    return f"{share} agree{'s' if count.agreeing == 1 else ''} with the label"


def _share(count: CellCount) -> str:
    share = f"{count.agreeing / count.answered:.0%}"
    return f"{count.agreeing:,} of {_cells(count.answered)} ({share}) agree with the label"
