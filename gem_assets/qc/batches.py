"""Whether batches differ, whether labels explain it, and whether the two can be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from gem_assets.labels.words import says_nothing
from gem_assets.qc.batch_tests import LEAST_IN_BATCH, BatchTest, compare_batches
from gem_assets.qc.confounding import LabelInBatches, Separation, labels_in_batches, labels_of
from gem_assets.qc.findings import Finding
from gem_assets.qc.permanova import PERMUTATIONS

NAMED = 5
"""Batches that a sentence names."""


class BatchReason(StrEnum):
    """Why there is a finding about batches."""

    NOT_SEPARABLE = "not_separable"
    BATCHES_DIFFER = "batches_differ"
    BATCHES_DIFFER_TECHNICALLY = "batches_differ_technically"
    BATCHES_SPREAD_UNEQUALLY = "batches_spread_unequally"
    NO_REPLICATES = "no_replicates"


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What is known about a dataset's batches.

    Attributes
    ----------
    batches
        Samples of each batch that was compared, by name.
    left_out
        Batches of fewer than `LEAST_IN_BATCH` samples.
    labels
        Each field of two labels or more, that most tied to the batches first and those without
        replicates last.
    tests
        One a latent space; none where fewer than two batches are left.
    sentence
        All of it, for somebody who prepared the samples.
    reason
        Code of the finding; None where there is nothing to look at.
    """

    batches: dict[str, int]
    left_out: tuple[str, ...]
    labels: tuple[LabelInBatches, ...]
    tests: tuple[BatchTest, ...]
    sentence: str
    reason: BatchReason | None

    def findings(self) -> tuple[Finding, ...]:
        """Return the finding, if there is one; its score is the explained share R2."""
        if self.reason is None:
            return ()
        called = [test for test in self.tests if test.differs]
        score = called[-1].position.r2 if called else None
        return (Finding("batch", (), str(self.reason), self.sentence, score=score),)


def report_batches(
    batch_of: pd.Series,
    sample_labels: pd.DataFrame,
    latents: pd.DataFrame,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> BatchReport | None:
    """Compare the batches of a dataset.

    Batches are compared within the labels of the field that is most tied to them, so that a
    difference between labels is not taken for one between batches; not where the two can't be
    told apart, and the sentence then says so. Labels that no two samples share lie in one batch
    each whatever the design, and batches of one sample each are nothing to compare.

    Parameters
    ----------
    batch_of
        The sheet's column ``batch``, by sample_id; words that say nothing count as absent.
    sample_labels
        The table of this name: fields of an ontology or an enumeration are used, by resolved id.
    latents
        The table of this name, columns sample_id, space, vector.
    permutations, seed
        See `gem_assets.qc.permanova.permanova`.

    Returns
    -------
    BatchReport or None
        None where fewer than two batches are stated.
    """
    stated = batch_of.dropna().astype(str).str.strip()
    stated = stated[[not says_nothing(text) for text in stated]]
    size = stated.value_counts().sort_index()
    if len(size) < 2:
        return None
    large = size[size >= LEAST_IN_BATCH]
    left_out = tuple(str(name) for name in size.index.difference(large.index))
    batch = stated[stated.isin(large.index)]
    labels = labels_in_batches(batch if len(large) > 1 else stated, sample_labels)
    within = labels[0].field if labels and labels[0].separable else None
    tests = compare_batches(
        batch,
        latents,
        label_of=None if within is None else labels_of(within, sample_labels),
        within=within,
        permutations=permutations,
        seed=seed,
    )
    reason = _reason(size, labels, tests)
    sentence = " ".join(_sentences(size, left_out, labels, tests))
    counts = {str(name): int(n) for name, n in large.items()}
    return BatchReport(counts, left_out, labels, tests, sentence, reason)


def _reason(
    size: pd.Series, labels: Sequence[LabelInBatches], tests: Sequence[BatchTest]
) -> BatchReason | None:
    if size.max() < 2:
        return None
    differing = {test.space for test in tests if test.differs}
    if labels and labels[0].replicated and not labels[0].separable:
        return BatchReason.NOT_SEPARABLE
    if "biological" in differing:
        return BatchReason.BATCHES_DIFFER
    if differing:
        return BatchReason.BATCHES_DIFFER_TECHNICALLY
    if any(test.spreads for test in tests):
        return BatchReason.BATCHES_SPREAD_UNEQUALLY
    if any(not one.replicated for one in labels):
        return BatchReason.NO_REPLICATES
    return None


def _sentences(
    size: pd.Series,
    left_out: Sequence[str],
    labels: Sequence[LabelInBatches],
    tests: Sequence[BatchTest],
) -> Iterator[str]:
    if size.max() < 2:
        yield "Every batch holds one sample only, so there is nothing to compare."
        return
    tied = labels[0] if labels and labels[0].replicated else None
    if tied is not None:
        yield _design(tied)
    if single := [_name(one.field) for one in labels if not one.replicated]:
        either = " or ".join(single)
        yield (
            f"No {either} has replicates, so batches can't be compared within {either} labels, "
            f"and a difference between them may be one of {either}."
        )
    differing = [test for test in tests if test.differs]
    if differing:
        alike = [test for test in tests if not test.differs]
        yield (
            f"{_among(tests[0])} batches differ in {' and in '.join(map(_share, differing))}"
            + "".join(f", but not measurably in {_SPACE_WORDS[test.space]}" for test in alike)
            + "."
        )
    elif any(test.can_tell for test in tests):
        yield f"{_among(tests[0])} batches do not differ measurably on average."
    else:
        same = "" if tied is None or not tied.separable else f" of the same {_name(tied.field)}"
        yield f"There are too few samples{same} in several batches to tell whether these differ."
    if any(test.spreads for test in tests):
        yield (
            "Samples scatter more in some batches than in others"
            + (", so part of this may be scatter and no shift." if differing else ".")
        )
    if left_out:
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        yield (
            f"{len(left_out)} of {len(size)} batches hold fewer than {LEAST_IN_BATCH} samples and "
            f"were not compared: {', '.join(left_out[:NAMED])}{more}."
        )
    if tied is not None and not tied.separable:
        yield (
            f"Compare samples within a batch, or repeat some of one batch's {_name(tied.field)} "
            "labels in another."
        )
    elif differing:
        yield "Include the batch in the design of every analysis."


def _design(tied: LabelInBatches) -> str:
    name = _name(tied.field)
    if tied.separation is Separation.SEPARABLE:
        return f"Batch and {name} can be told apart (Cramer's V {tied.cramers_v:.2f})."
    if tied.separation is Separation.PARTLY_SEPARABLE:
        return (
            f"Batch and {name} can be told apart in part only (Cramer's V {tied.cramers_v:.2f}): "
            f"some values of {name} never share a batch, nor are they linked by others that do."
        )
    why = (
        f"every {name} occurs in one batch only"
        if tied.one_batch_a_label
        else f"every batch holds one {name} only"
    )
    return (
        f"Batch and {name} are not separable: {why}, so no analysis can tell whether a "
        "difference comes from the one or the other."
    )


def _name(field: str) -> str:
    return field.replace("_", " ")


_SPACE_WORDS = {
    "technical": "the technical part of the expression",
    "biological": "the biological part",
}


def _share(test: BatchTest) -> str:
    return (
        f"{_SPACE_WORDS[test.space]} ({test.position.r2:.0%} of its variation lies between "
        f"batches, {test.position.r2_by_chance:.0%} would by chance)"
    )


def _among(test: BatchTest) -> str:
    if test.within is None:
        return f"The {test.batches}"
    return f"Within {_name(test.within)} ({test.samples} samples), the {test.batches}"
