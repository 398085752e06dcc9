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
        ``0 of 24 (0% to 14%)``: samples, not judgements; empty where no
        untouched sample was judged.
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
    rate = _rate(tally.found, tally.planted) + _shared_words(tally)
    parts = [f"{found} {verb} found ({rate}){_named_words(tally)}."]
    parts += [part for part in (_left_out_words(tally), _bystander_words(tally)) if part]
    return " ".join(parts)


def all_in_a_sentence(tallies: Sequence[Tally], sentences: Sequence[str]) -> str:
    """Return what became of the errors of all kinds; ``sentences``: each kind's own."""
    planted = [tally for tally in tallies if tally.planted]
    if not planted:
        return " ".join(dict.fromkeys(sentences))
    found = [f"{_of(tally.found, tally.planted)} {_short_words(tally)}" for tally in planted]
    told = f"Of errors planted in these data the check found {_listed(found)}"
    untouched = max(tally.untouched for tally in planted)
    accused = [
        f"{_of(tally.false_positives, tally.untouched)} beside {_short_words(tally)}"
        for tally in planted
        if tally.false_positives
    ]
    if accused:
        told += f"; of {_BYSTANDERS} it accused {_listed(accused)}"
    elif untouched:
        told += f"; it accused none of {untouched:,} {_BYSTANDERS}"
    return f"{told}. The rates hold for errors of these kinds among these samples."


def row_in_words(tally: Tally, sentence: str) -> SelftestRow:
    """Return what became of the errors of one kind, cell by cell, and its sentence with them."""
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
        sentence=sentence,
    )


def _nothing_planted(tally: Tally) -> str:
    if tally.samples < LEAST_SAMPLES:
        return _too_few(max(tally.judged, tally.samples), tally.samples)
    if tally.kind == SHIFT:
        return (
            f"No slip of the sheet was planted: none of the {tally.possible or 'slips'} by one to "
            "three rows changes a label to one that excludes it."
        )
    if tally.kind == MIXTURE:
        return "No mixture was planted: there are no two samples of different tissues."
    return (
        f"No swap was planted: no two of the {tally.samples:,} samples that nothing accuses as the "
        "sheet stands have labels that exclude each other."
    )


def _too_few(judged: int, left: int) -> str:
    """Say whether too few samples are judged, or too many of them accused."""
    if judged < LEAST_SAMPLES:
        few = {0: "no sample is", 1: "1 sample is"}.get(judged, f"{judged} samples are")
        return (
            f"Nothing was planted: {few} judged, and a self-test needs {LEAST_SAMPLES} that "
            "nothing accuses as the sheet stands."
        )
    accused = judged - left
    which = _of(accused, judged) if left else f"all {judged:,}"
    return (
        f"Nothing was planted: {which} judged samples {_is(accused)} accused as the sheet stands, "
        f"and a self-test needs {LEAST_SAMPLES} that nothing accuses."
    )


def _shared_words(tally: Tally) -> str:
    """Say why an interval for independent errors is too narrow."""
    return f", too narrow {_SHARED[tally.kind]}" if tally.planted > 1 else ""


def _left_out_words(tally: Tally) -> str:
    """Say which errors were not planted, as nothing could tell them."""
    if tally.tellable is None or tally.possible is None or tally.tellable == tally.possible:
        return ""
    unseen = tally.possible - tally.tellable
    which, one = _of(unseen, tally.possible), unseen == 1
    if tally.kind == SWAP:
        return (
            f"{which} pairs of samples {'has' if one else 'have'} labels that do not exclude each "
            "other, such as the same tissue and sex: no such check sees a swap of these."
        )
    left_out = "was left out, since it changes" if one else "were left out, since they change"
    return (
        f"{which} slips {left_out} no label to one that excludes it, such as another tissue: no "
        "such check sees these."
    )


def _bystander_words(tally: Tally) -> str:
    """Say how many samples were accused beside the errors, of how many."""
    k, n = tally.false_positives, tally.untouched
    if not n:
        return ""
    times = (
        f"in one of {tally.judgements:,} judgements or more"
        if tally.judgements > 1
        else "in the one judgement"
    )
    return (
        f"{_of(k, n)} {_BYSTANDERS} {'was' if k == 1 else 'were'} accused {times} ({_rate(k, n)})."
    )


_KINDS = {
    SWAP: ("swap of two samples", "swaps of two samples"),
    SHIFT: ("slip of the sheet by one to three rows", "slips of the sheet by one to three rows"),
    MIXTURE: ("mixture", "mixtures"),
}
_SHARED = {
    SWAP: "where swaps share a sample",
    SHIFT: "since slips share their samples",
    MIXTURE: "where mixtures share a sample",
}
_BYSTANDERS = "untouched samples that nothing accuses as the sheet stands"
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


def _is(k: int) -> str:
    return "is" if k == 1 else "are"


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
