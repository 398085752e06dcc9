"""Verdicts summed up: a row a sample, and one sentence a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gem_assets.labels.buckets import nearest_class
from gem_assets.labels.ontology import label_of
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.dataset_cause import DatasetCause
from gem_assets.qc.exchanges import Exchange
from gem_assets.qc.reasons import EVIDENCE_GROUP, Reason, Status, worst
from gem_assets.qc.sentences import (
    MarkerCall,
    Verdict,
    describe,
    describe_unjudged,
    markers_word,
    read_verdicts,
    suggest,
)
from gem_assets.qc.vote import TissueVote

SAMPLE_COLUMNS = ("dataset", "sample_id", "status", "reasons", "sentence", "suggestion")


def summarise_samples(
    verdicts: pd.DataFrame,
    sample_ids: Sequence[str],
    *,
    dataset: str,
    markers: pd.DataFrame | None = None,
    votes: Mapping[str, TissueVote] | None = None,
    exchanges: Sequence[Exchange] = (),
    cause: DatasetCause | None = None,
    vocabularies: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return the ``qc_samples`` table: one row for every sample of the dataset.

    Parameters
    ----------
    verdicts
        The result of :func:`gem_assets.qc.verdicts.judge`.
    sample_ids
        All samples of the counts, in order; verdicts on others are left out.
    dataset
        Its name.
    markers
        The result of :func:`gem_assets.qc.markers.sex_markers`; not for single cells.
    votes
        By sample, what the marker genes say between a stated and a predicted tissue.
    exchanges
        Labels that may have changed places, strongest first; who is in one is told with whom.
    cause
        The dataset's common cause, to which flagged samples then refer.
    vocabularies
        The model's classes per field (:func:`gem_assets.qc.answers.vocabularies`), to name the
        class nearest to a label that the model does not know.

    Returns
    -------
    pandas.DataFrame
        dataset; sample_id; status, the worst of the sample's fields (fail, warn, unclear, pass,
        and not_assessed if no label was judged); reasons, a list of ``field:reason``, the worst
        first; sentence; suggestion, null where there is nothing to do.
    """
    by_sample = read_verdicts(verdicts)
    calls = _marker_calls(markers)
    nearest = _NearestClass(vocabularies or {})
    partners = _partners(exchanges)
    rows = []
    for sample in sample_ids:
        found = by_sample.get(sample, [])
        marker = calls.get(sample)
        rows.append(
            (
                dataset,
                sample,
                worst([verdict.status for verdict in found]),
                [f"{verdict.field}:{verdict.reason}" for verdict in found],
                _sentence(found, marker, (votes or {}).get(sample), cause, nearest),
                _suggestion(found, marker, partners.get(sample), cause),
            )
        )
    # As objects a missing suggestion is None; pandas 3 would make it NaN.
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS), dtype=object)


def headline(qc_samples: pd.DataFrame, one: str = "sample", several: str = "samples") -> str:
    """Return a dataset's samples in one sentence.

    "3 of 24 samples contradict their label; 19 agree; 2 could not be judged."

    Parameters
    ----------
    qc_samples
        The result of `summarise_samples`.
    one, several
        What a row is called, and what several are.
    """
    n = len(qc_samples)
    if n == 0:
        return f"The dataset has no {several}."
    if n == 1:
        return f"The {one} {_ONE_SAMPLE[str(qc_samples['status'].iloc[0])]}."
    counts = qc_samples["status"].value_counts()
    failed, warned, unclear, passed, unjudged = (
        int(counts.get(str(status), 0))
        for status in (Status.FAIL, Status.WARN, Status.UNCLEAR, Status.PASS, Status.NOT_ASSESSED)
    )
    if unjudged == n:
        return f"None of {n:,} {several} could be judged."
    if failed:
        verb = _verb(failed, "contradicts its", "contradict their")
        parts = [f"{failed:,} of {n:,} {several} {verb} label"]
    else:
        parts = [f"None of {n:,} {several} contradicts its label"]
    if warned:
        parts.append(f"{warned:,} {_verb(warned, 'looks', 'look')} doubtful")
    if unclear:
        parts.append(f"{unclear:,} {_verb(unclear, 'is', 'are')} unclear")
    if passed:
        parts.append(f"{passed:,} {_verb(passed, 'agrees', 'agree')}")
    if unjudged:
        parts.append(f"{unjudged:,} could not be judged")
    return "; ".join(parts) + "."


_ONE_SAMPLE: dict[str, str] = {
    Status.FAIL: "contradicts its label",
    Status.WARN: "looks doubtful",
    Status.UNCLEAR: "is unclear",
    Status.PASS: "agrees with its label",
    Status.NOT_ASSESSED: "could not be judged",
}


def _partners(exchanges: Sequence[Exchange]) -> dict[str, str]:
    """Return, by sample, with whom it may have changed places."""
    partners: dict[str, str] = {}
    for exchange in exchanges:
        names = exchange.sample_ids
        for place, sample in enumerate(names):
            others = names[place + 1 :] + names[:place]
            told = (
                f"with {others[0]}"
                if len(others) == 1
                else f"among {len(names)} samples (see the finding)"
            )
            partners.setdefault(sample, told)
    return partners


def _verb(n: int, singular: str, plural: str) -> str:
    return singular if n == 1 else plural


class _NearestClass:
    """The nearest class of the model's vocabulary to a label, looked up once a label."""

    def __init__(self, vocabularies: Mapping[str, Sequence[str]]) -> None:
        self._vocabularies = vocabularies
        self._known: dict[tuple[str, str], str | None] = {}

    def __call__(self, verdict: Verdict) -> str | None:
        if verdict.reason != Reason.LABEL_OUT_OF_VOCABULARY or verdict.provided_id is None:
            return None
        first = verdict.provided_id.split(VALUE_SEPARATOR)[0]
        key = (verdict.field, first)
        if key not in self._known:
            found = nearest_class(first, tuple(self._vocabularies.get(verdict.field, ())))
            self._known[key] = None if found is None else label_of(found) or found
        return self._known[key]


def _marker_calls(markers: pd.DataFrame | None) -> dict[str, MarkerCall]:
    if markers is None:
        return {}
    columns = (markers["sample_id"], markers["call"], markers["sentence"])
    return {
        str(sample): MarkerCall(str(call), str(sentence))
        for sample, call, sentence in zip(*columns, strict=True)
    }


def _swap_suspected(found: Sequence[Verdict]) -> bool:
    """Return whether independent kinds of evidence fail: one label mistyped would fail one."""
    failing = {
        EVIDENCE_GROUP.get(verdict.field, verdict.field)
        for verdict in found
        if verdict.status == Status.FAIL
    }
    return len(failing) > 1


def _sentence(
    found: Sequence[Verdict],
    marker: MarkerCall | None,
    vote: TissueVote | None,
    cause: DatasetCause | None,
    nearest: _NearestClass,
) -> str:
    if not found:
        return "No label is stated."
    flagged = [verdict for verdict in found if verdict.flagged]
    passed = [verdict for verdict in found if verdict.status == Status.PASS]
    unjudged = [verdict for verdict in found if verdict.status == Status.NOT_ASSESSED]
    parts = []
    for verdict in flagged:
        parts.append(describe(verdict))
        if verdict.field == "tissue" and vote is not None:
            parts.append(vote.sentence)
    if _swap_suspected(found):
        parts.append("Independent labels fail together: swap or contamination suspected.")
    parts += [
        word
        for verdict in found
        if verdict.field == "sex" and (word := markers_word(verdict, marker)) is not None
    ]
    excused = [verdict for verdict in passed if verdict.reason == Reason.CELL_LINE_AGREES]
    parts += [
        f"Labelled {verdict.provided}; expression looks like {verdict.predicted}, but the cell "
        "line is the stated one."
        for verdict in excused
    ]
    if agreed := [verdict for verdict in passed if verdict not in excused]:
        agreeing = ", ".join(f"{verdict.name} {verdict.provided}" for verdict in agreed)
        parts.append(f"The expression agrees with {agreeing}.")
    if unjudged:
        told = ", ".join(describe_unjudged(verdict, nearest(verdict)) for verdict in unjudged)
        parts.append(f"Not judged: {told}.")
    if cause is not None and any(verdict.status == Status.FAIL for verdict in found):
        parts.append(
            f"The fault may lie with the whole dataset ({cause.failed} of {cause.judged} judged "
            "samples fail): see its finding first."
        )
    return " ".join(parts)


def _suggestion(
    found: Sequence[Verdict],
    marker: MarkerCall | None,
    partners: str | None,
    cause: DatasetCause | None,
) -> str | None:
    if not found:
        return "State a label in the sample sheet to have it judged."
    if cause is not None and any(verdict.status == Status.FAIL for verdict in found):
        return "Settle the dataset's finding before changing this label."
    if _swap_suspected(found):
        advice: str | None = (
            "Check the sample's identity (records, neighbours on the plate, genotypes) before "
            "using it."
        )
    else:
        told = (suggest(verdict, marker) for verdict in found)
        advice = next((said for said in told if said is not None), None)
    if partners is None:
        return advice
    return " ".join(filter(None, (advice, f"It may have changed places {partners}.")))
