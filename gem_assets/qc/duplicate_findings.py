"""Duplicates in words: who is alike, what the sheet says of them, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gem_assets.qc.findings import Finding
from gem_assets.qc.signatures import SIGNATURE_LENGTH, Signatures

KIND = "duplicate"


class DuplicateReason(StrEnum):
    """What makes samples duplicates."""

    IDENTICAL_COUNTS = "identical_counts"
    NEARLY_IDENTICAL = "nearly_identical"
    TECHNICAL_REPLICATES = "technical_replicates"


DUPLICATE_EXPLANATIONS: dict[str, str] = {
    DuplicateReason.IDENTICAL_COUNTS: (
        "The samples have the same count in every gene, which two libraries never have."
    ),
    DuplicateReason.NEARLY_IDENTICAL: (
        "The samples correlate more closely than replicates that share their label, so they are "
        "probably one library."
    ),
    DuplicateReason.TECHNICAL_REPLICATES: (
        "The samples are nearly identical and the sheet states one donor for them, so they are "
        "probably runs of one library."
    ),
}
"""Every reason in a sentence."""

NAMED = 5
"""Samples that a sentence names; the table holds all."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleFacts:
    """What is said of each sample, where it is; None for a column, or a value, that is not there.

    Attributes
    ----------
    labels
        What it is said to be.
    donors
        Whom it is from. Samples of one donor are replicates rather than mistakes.
    batches
        Batch, lane or run.
    latents
        Its place in a latent space of the model, n_samples x dimensions.
    """

    labels: Sequence[str | None] | None = None
    donors: Sequence[str | None] | None = None
    batches: Sequence[str | None] | None = None
    latents: NDArray[np.floating] | None = field(default=None, repr=False)


def identical_finding(signatures: Signatures, group: list[int], facts: SampleFacts) -> Finding:
    """Return the finding of samples of one dataset with equal counts."""
    who = _listed([signatures.sample_ids[row] for row in group])
    sentence = f"{who} have identical counts, which two libraries never have"
    donors = _stated(facts.donors, group)
    if len(donors) == 1 and not _missing(facts.donors, group):
        sentence += f": not even two runs of donor {donors[0]} would"
    sentence += (
        f"{_label_conflict(facts, group, donors)}. One file was probably copied over another's: "
        "find the missing counts, or keep only one of the samples."
    )
    return Finding(
        kind=KIND,
        sample_ids=tuple(signatures.sample_ids[row] for row in group),
        reason=str(DuplicateReason.IDENTICAL_COUNTS),
        sentence=sentence,
        score=1.0,
    )


def near_finding(
    signatures: Signatures, group: list[int], links: list[float], facts: SampleFacts
) -> Finding:
    """Return the finding of nearly identical samples, given Pearson's r of the linked pairs."""
    names = [signatures.sample_ids[row] for row in group]
    sentence = f"{_listed(names)} are nearly identical (Pearson r of log1p CPM {_span(links)}"
    sentence += f"{_neighbours(signatures, group, facts)})"
    donors = _stated(facts.donors, group)
    batches = _stated(facts.batches, group)
    runs = f" in batches {_listed(batches)}" if len(batches) > 1 else ""
    if len(donors) == 1 and not _missing(facts.donors, group):
        reason = DuplicateReason.TECHNICAL_REPLICATES
        sentence += (
            f" and all state donor {donors[0]}{runs}: probably technical replicates"
            f"{_label_conflict(facts, group, [])}. Sum their counts or keep one, so that the "
            "donor counts once."
        )
    else:
        reason = DuplicateReason.NEARLY_IDENTICAL
        sentence += (
            f"{runs}: probably one library counted or sequenced twice"
            f"{_label_conflict(facts, group, donors)}. "
        )
        sentence += (
            "Check which donor it is from."
            if len(donors) > 1
            else "Check the records: sum their counts or keep one if it is one library."
        )
    return Finding(
        kind=KIND,
        sample_ids=tuple(names),
        reason=str(reason),
        sentence=sentence,
        score=min(links),
    )


def across_finding(
    one: Signatures, other: Signatures, pairs: list[tuple[int, int]], r: float | None
) -> Finding:
    """Return the finding of pairs of two datasets; ``r`` of the least alike, None if identical."""
    own = list(dict.fromkeys(one.sample_ids[i] for i, _ in pairs))
    couples = _listed(
        [f"{one.sample_ids[i]} with {other.sample_ids[j]}" for i, j in pairs], of="pairs"
    )
    share = f"{len(own)} of {len(one.sample_ids)} samples"
    low = high = None
    if r is None:
        reason = DuplicateReason.IDENTICAL_COUNTS
        sentence = f"{share} have counts identical to samples of {other.dataset}: {couples}."
    else:
        reason = DuplicateReason.NEARLY_IDENTICAL
        low, high = _interval(r)
        sentence = (
            f"{share} are nearly identical to samples of {other.dataset}: {couples} "
            f"(Pearson r of log1p CPM at least {r:.4f}, estimated)."
        )
    return Finding(
        kind=KIND,
        sample_ids=tuple(own),
        reason=str(reason),
        sentence=f"{sentence} Count them once where the datasets are pooled, and make sure that "
        "none is in both a training and a test set.",
        score=1.0 if r is None else r,
        ci_low=low,
        ci_high=high,
        other_dataset=other.dataset,
    )


def _interval(r: float) -> tuple[float, float]:
    """Return the 95 % interval of a correlation estimated by signatures (Fisher's z)."""
    z, half = np.arctanh(min(r, 1 - 1e-7)), 1.96 / np.sqrt(SIGNATURE_LENGTH - 3)
    return min(r, float(np.tanh(z - half))), max(r, float(np.tanh(z + half)))


def _neighbours(signatures: Signatures, group: list[int], facts: SampleFacts) -> str:
    """Return whether each sample's nearest in latent space is in the group, as a clause."""
    if facts.latents is None or len(signatures.sample_ids) <= len(group) + 1:
        return ""  # among so few, nearest says little
    latents = np.asarray(facts.latents, dtype=np.float64)
    inside = 0
    for row in group:
        distances = np.square(latents - latents[row]).sum(axis=1)
        distances[row] = np.inf
        inside += int(np.argmin(distances)) in group
    if inside == len(group):
        return "; nearest neighbours for the model, too"
    return "; the model sees other samples nearer"


def _label_conflict(facts: SampleFacts, group: list[int], donors: list[str]) -> str:
    """Return what the sheet says of the samples that one sample can't be, as a clause."""
    conflicts = []
    labels = _stated(facts.labels, group)
    if len(labels) > 1:
        conflicts.append(f"different labels ({_listed(labels)})")
    if len(donors) > 1:
        conflicts.append(f"different donors ({_listed(donors)})")
    return f", though they state {' and '.join(conflicts)}" if conflicts else ""


def _stated(values: Sequence[str | None] | None, group: list[int]) -> list[str]:
    """Return the different values of some samples, in their order."""
    if values is None:
        return []
    return list(dict.fromkeys(value for row in group if (value := values[row]) is not None))


def _missing(values: Sequence[str | None] | None, group: list[int]) -> bool:
    return values is None or any(values[row] is None for row in group)


def _span(links: list[float]) -> str:
    low, high = f"{min(links):.4f}", f"{max(links):.4f}"
    return low if low == high else f"{low} to {high}"


def _listed(names: Sequence[str], of: str = "") -> str:
    """Return names as "a, b and c", the first five of them."""
    shown = list(names[:NAMED])
    if len(names) > NAMED:
        shown.append(f"{len(names) - NAMED} more" + (f" {of}" if of else ""))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
