"""Counting what is found of planted errors, and what is accused beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from gem_assets.qc.dataset import JudgedDataset
from gem_assets.qc.planted_mixtures import PlannedMixture
from gem_assets.qc.planting import SHIFT, PlantedLabels
from gem_assets.qc.reasons import Status

MIXTURE = "mixture"

CLOSE = 0.05
"""An estimated share that is this near to the planted one counts as right."""

_EXCHANGES = ("swap", "exchange_group")


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the planted errors of one kind.

    Attributes
    ----------
    kind
        ``swap``, ``shift`` or ``mixture``.
    samples
        Samples that errors may be planted in: judged, and accused of nothing as they stand.
    planted, found
        Errors, and those of them that were found. A swap: each of its two samples fails or is
        named in an exchange. A shift: it is named, or most of its samples are accused so. A
        mixture: the sample has a finding of a second tissue that is no low-level note.
    named
        Those found that were told as what they are: the two of a swap in one exchange, a shift as
        a shift, a mixture with the tissue that was mixed in.
    untouched, false_positives
        Those of ``samples`` that were judged at least once with nothing wrong planted in them, and
        of these the ones that were accused then, however often: a sample fails, or is named in an
        exchange or as mixed. Judging one sample again and again tells little more of it.
    judgements
        How often the dataset was judged.
    share
        Of a mixture: the planted share of foreign reads.
    close
        Of mixtures: those found whose estimated share is within .05 of the planted one.
    tellable, possible
        Pairs of samples whose labels exclude each other, so that a swap could be seen; all pairs.
        Of shifts by one to three rows: those that change such a label; all.
    judged
        Samples with a label that could be called wrong, accused or not. Only the sentence tells it.
    """

    kind: str
    samples: int = 0
    planted: int = 0
    found: int = 0
    named: int = 0
    untouched: int = 0
    false_positives: int = 0
    judgements: int = 0
    share: float | None = None
    close: int | None = None
    tellable: int | None = None
    possible: int | None = None
    judged: int = 0


class Bystanders:
    """Samples judged beside planted errors, each counted once, and those accused wrongly.

    Parameters
    ----------
    samples
        Those that were accused of nothing before.
    """

    def __init__(self, samples: Set[str]) -> None:
        self._samples = samples
        self._untouched: set[str] = set()
        self._accused: set[str] = set()

    def add(self, touched: Set[str], accused: Set[str]) -> None:
        """Add one judgement: the samples that were changed for it, and those that it accuses."""
        untouched = self._samples - touched
        self._untouched |= untouched
        self._accused |= untouched & accused

    def counted_in(self, tally: Tally) -> Tally:
        """Return the tally with the samples that were seen so far."""
        return replace(tally, untouched=len(self._untouched), false_positives=len(self._accused))


def count_labels(
    tally: Tally, planted: PlantedLabels, judged: JudgedDataset, bystanders: Bystanders
) -> Tally:
    """Return the tally with one judgement of planted labels added.

    Parameters
    ----------
    tally
        What was counted so far.
    planted
        What was planted.
    judged
        What was made of it.
    bystanders
        To which the samples beside the error are added.
    """
    accused, exchanges = accused_samples(judged), exchanges_of(judged)
    if planted.kind == SHIFT:
        named = [bool(judged.findings["kind"].eq(SHIFT).any())]
        found = [named[0] or 2 * len(error & accused) > len(error) for error in planted.errors]
    else:
        found = [error <= accused for error in planted.errors]
        named = [any(error <= one for one in exchanges) for error in planted.errors]
    bystanders.add(planted.changed, accused)
    tally = bystanders.counted_in(tally)
    return replace(
        tally,
        planted=tally.planted + len(planted.errors),
        found=tally.found + sum(found),
        named=tally.named + sum(named),
        judgements=tally.judgements + 1,
    )


def count_mixtures(
    tally: Tally,
    planted: Sequence[PlannedMixture],
    judged: JudgedDataset,
    tissues: Mapping[str, str | None],
    bystanders: Bystanders,
) -> Tally:
    """Return the tally with one judgement of mixtures added.

    Parameters
    ----------
    tally, judged
        As `count_labels`.
    planted
        The mixtures that were in the place of their targets.
    tissues
        Sample -> tissue that it is taken to be.
    bystanders
        To which the samples beside the mixtures are added.
    """
    called = mixed_samples(judged)
    found = [one for one in planted if one.target in called]
    named = [one for one in found if tissues.get(called[one.target][0]) == tissues[one.source]]
    close = [one for one in found if abs(called[one.target][1] - one.share) <= CLOSE]
    bystanders.add({one.target for one in planted}, accused_samples(judged) | called.keys())
    tally = bystanders.counted_in(tally)
    return replace(
        tally,
        planted=tally.planted + len(planted),
        found=tally.found + len(found),
        named=tally.named + len(named),
        close=(tally.close or 0) + len(close),
        judgements=tally.judgements + 1,
    )


def accused_samples(judged: JudgedDataset) -> frozenset[str]:
    """Return the samples that fail or are named in an exchange."""
    failing = judged.verdicts.loc[judged.verdicts["status"].eq(str(Status.FAIL)), "sample_id"]
    return frozenset(failing).union(*exchanges_of(judged))


def exchanges_of(judged: JudgedDataset) -> list[frozenset[str]]:
    """Return the samples of each exchange that was found."""
    exchanged = judged.findings["kind"].isin(_EXCHANGES)
    return [frozenset(samples) for samples in judged.findings.loc[exchanged, "sample_ids"]]


def mixed_samples(judged: JudgedDataset) -> dict[str, tuple[str, float]]:
    """Return the source and share of each sample in which a second tissue is found."""
    findings = judged.findings
    called = findings[findings["kind"].eq(MIXTURE) & findings["reason"].eq("second_tissue")]
    return {
        samples[0]: (samples[1], float(share))
        for samples, share in zip(called["sample_ids"], called["score"], strict=True)
    }
