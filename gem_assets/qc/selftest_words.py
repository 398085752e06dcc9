"""What became of planted errors, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.qc.history import flagged_rate
from gem_assets.qc.planting import SHIFT, SWAP
from gem_assets.qc.selftest import LEAST_SAMPLES
from gem_assets.qc.tally import MIXTURE, Tally


@dataclass(frozen=True, slots=True)
class SelftestRow:
    """What became of the errors of one kind, each cell as text.

    Attributes
    ----------
    planted
        ``200 swaps of two samples``.
    found
        ``198, 195 of them named``.
    sensitivity
        ``99% (96% to 100%)``; empty where nothing was planted.
    false_alarms
        ``0 of 4,389 (0% to 0.09%)``; empty where no untouched sample was judged.
    sentence
        All of it.
    """

    planted: str
    found: str
    sensitivity: str
    false_alarms: str
    sentence: str


def tally_sentence(tally: Tally) -> str:
    """Return what became of the errors of one kind, in a sentence or three."""
    if not tally.planted:
        return _nothing_planted(tally)
    found = f"{_of(tally.found, tally.planted)} planted {_kind_words(tally)}"
    verb = "was" if tally.planted == 1 else "were"
    rate = _rate(tally.found, tally.planted)
    parts = [f"{found} {verb} found ({rate}){_named_words(tally)}."]
    if tally.kind == SWAP and tally.tellable is not None and tally.possible is not None:
        unseen = tally.possible - tally.tellable
        if unseen:
            parts.append(
                f"{unseen:,} of {tally.possible:,} pairs of samples have labels that do not "
                "exclude each other, such as the same tissue and sex: no such check sees a swap "
                "of these."
            )
    if tally.untouched:
        parts.append(
            f"Samples with nothing wrong planted were judged {tally.untouched:,} times and "
            f"accused {_times(tally.false_positives)} "
            f"({_rate(tally.false_positives, tally.untouched)})."
        )
    return " ".join(parts)


def all_in_a_sentence(tallies: Sequence[Tally]) -> str:
    """Return what became of the errors of all kinds."""
    planted = [tally for tally in tallies if tally.planted]
    if not planted:
        return " ".join(dict.fromkeys(map(tally_sentence, tallies)))
    found = [f"{_of(tally.found, tally.planted)} {_short_words(tally)}" for tally in planted]
    told = f"Of errors planted in these data the check found {_listed(found)}"
    untouched = sum(tally.untouched for tally in planted)
    if untouched:
        accused = sum(tally.false_positives for tally in planted)
        told += f"; in {untouched:,} judgements of untouched samples it accused {accused or 'none'}"
    return f"{told}. The rates hold for errors of these kinds among these samples."


def row_in_words(tally: Tally) -> SelftestRow:
    """Return what became of the errors of one kind, cell by cell."""
    sensitivity = false_alarms = ""
    if tally.planted:
        k, n = tally.found, tally.planted
        sensitivity = f"{_percent(k / n)} ({_ends(k, n)})"
    if tally.untouched:
        k, n = tally.false_positives, tally.untouched
        false_alarms = f"{_of(k, n)} ({_ends(k, n)})"
    return SelftestRow(
        planted=f"{tally.planted:,} {_kind_words(tally)}",
        found=f"{tally.found:,}{_named_words(tally)}",
        sensitivity=sensitivity,
        false_alarms=false_alarms,
        sentence=tally_sentence(tally),
    )


def _nothing_planted(tally: Tally) -> str:
    if tally.samples < LEAST_SAMPLES:
        return (
            f"Nothing was planted: {tally.samples} samples are judged and not accused as they "
            f"stand, and a self-test needs {LEAST_SAMPLES}."
        )
    if tally.kind == MIXTURE:
        return "No mixture was planted: there are no two samples of different tissues."
    return (
        f"No {tally.kind} was planted: no two of the {tally.samples} judged samples have labels "
        "that exclude each other."
    )


_KINDS = {
    SWAP: ("swap of two samples", "swaps of two samples"),
    SHIFT: ("slip of the sheet by one to three rows", "slips of the sheet by one to three rows"),
    MIXTURE: ("mixture", "mixtures"),
}
_SHORT = {SWAP: "swaps", SHIFT: "slips of the sheet", MIXTURE: "mixtures"}


def _kind_words(tally: Tally) -> str:
    if tally.share is None:
        return _KINDS[tally.kind][tally.planted != 1]
    samples = "sample" if tally.planted == 1 else "samples"
    return f"{samples} with {tally.share:.0%} of the reads from another tissue"


def _short_words(tally: Tally) -> str:
    return _SHORT[tally.kind] + ("" if tally.share is None else f" of {tally.share:.0%}")


def _named_words(tally: Tally) -> str:
    if not tally.found:
        return ""
    if tally.kind == SWAP:
        return f", {tally.named:,} told as an exchange of the two"
    if tally.kind == SHIFT:
        return f", {tally.named:,} told as a shift"
    return f", {tally.named:,} with the right tissue, {tally.close or 0:,} with a share within .05"


def _of(k: int, n: int) -> str:
    return f"{k:,} of {n:,}"


def _times(k: int) -> str:
    return {0: "never", 1: "once"}.get(k, f"{k:,} times")


def _rate(k: int, n: int) -> str:
    return f"{_percent(k / n)}, 95% interval {_ends(k, n)}"


def _ends(k: int, n: int) -> str:
    _, low, high = flagged_rate(k, n)
    return f"{_percent(low or 0.0)} to {_percent(high or 0.0)}"


def _percent(share: float) -> str:
    """Return a share in percent, with as many decimals as keep it from 0 and 100."""
    for digits in range(4):
        text = f"{share:.{digits}%}"
        if float(text[:-1]) not in (0.0, 100.0):
            return text
    return f"{share:.0%}"


def _listed(parts: list[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
