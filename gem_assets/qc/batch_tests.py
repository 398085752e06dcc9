"""How much batches differ in the latent spaces, within the labels where these can be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.qc.permanova import PERMUTATIONS, Permanova, Permdisp, permanova, permdisp

SPACES = ("technical", "biological")
"""The latent spaces that are tested, in the order of the sentence."""

SIGNIFICANT = 0.01
"""A difference is called at this p or less. Two tests in two spaces: chance gives up to four of a
hundred datasets without batch effects a finding."""

LEAST_EXCESS = 0.02
"""Share of the variation, beyond what chance gives, below which a difference is not called: among
thousands of samples every difference is significant. Chosen a priori: a fiftieth moves no
result that the labels carry."""

LEAST_IN_BATCH = 3
"""Samples from which a batch has a position and a spread; smaller ones are left out, by name."""

MOST_SAMPLES = 2_000
"""Of more, this many are drawn at random: enough to see a fiftieth, and tested in about a second
where 10,000 take 4 to 11 (measured, 50 and 256 dimensions, 8 and 50 batches)."""


@dataclass(frozen=True, slots=True)
class BatchTest:
    """The difference between batches in one latent space.

    Attributes
    ----------
    space
        Latent space.
    within
        Field within whose labels samples were compared; None: all samples alike.
    samples, batches
        How many were compared, at most `MOST_SAMPLES`: within labels, those whose label occurs in
        several batches.
    position, spread
        The two tests.
    """

    space: str
    within: str | None
    samples: int
    batches: int
    position: Permanova
    spread: Permdisp

    @property
    def can_tell(self) -> bool:
        """Whether any data of these sizes could be significant."""
        return self.position.least_p <= SIGNIFICANT

    @property
    def differs(self) -> bool:
        """Whether batches differ in position, by more than chance and by enough to matter."""
        excess = self.position.r2 - self.position.r2_by_chance
        return self.position.p_value <= SIGNIFICANT and excess >= LEAST_EXCESS

    @property
    def spreads(self) -> bool:
        """Whether batches differ in spread."""
        return self.spread.p_value <= SIGNIFICANT


def compare_batches(
    batch_of: pd.Series,
    latents: pd.DataFrame,
    *,
    label_of: pd.Series | None = None,
    within: str | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> tuple[BatchTest, ...]:
    """Test each latent space of `SPACES` that the latents hold.

    Parameters
    ----------
    batch_of
        Batch by sample_id. Batches of fewer than `LEAST_IN_BATCH` comparable samples are left out.
    latents
        Columns sample_id, space, vector.
    label_of, within
        Label by sample_id, and the name of its field: batches are compared within labels.
    permutations, seed
        See `gem_assets.qc.permanova.permanova`.

    Returns
    -------
    tuple of BatchTest
        None of a space where fewer than two batches can be compared.
    """
    tests = []
    for space in SPACES:
        rows = latents[latents["space"].eq(space)].drop_duplicates("sample_id")
        vectors = rows.set_index("sample_id")["vector"]
        batches = batch_of[batch_of.index.isin(vectors.index)]
        placed = _comparable(batches, label_of)
        if len(placed) > MOST_SAMPLES:
            drawn = batches[placed.index].sample(MOST_SAMPLES, random_state=seed)
            placed = _comparable(drawn, label_of)
        groups = placed["batch"].to_numpy(dtype=str)
        if placed["batch"].nunique() < 2:
            continue
        points: NDArray[np.float64] = np.stack(vectors[placed.index].tolist()).astype(np.float64)
        strata = None if label_of is None else placed["label"].to_numpy(dtype=str)
        tests.append(
            BatchTest(
                space,
                within,
                len(placed),
                int(placed["batch"].nunique()),
                permanova(points, groups, strata=strata, permutations=permutations, seed=seed),
                permdisp(points, groups, strata=strata, permutations=permutations, seed=seed),
            )
        )
    return tuple(tests)


def _comparable(batch_of: pd.Series, label_of: pd.Series | None) -> pd.DataFrame:
    """Return batch and label of the samples that say something about batches.

    A label of a single batch says nothing, and a batch left with few samples goes; either may
    undo the other, so both are asked until nothing changes.
    """
    placed = pd.DataFrame({"batch": batch_of, "label": ""}, dtype=object)
    if label_of is not None:
        placed["label"] = label_of.reindex(placed.index)
        placed = placed.dropna()
    while True:
        size = placed.groupby("batch")["batch"].transform("size")
        kept = placed[size.ge(LEAST_IN_BATCH)]
        spread = kept.groupby("label")["batch"].transform("nunique")
        kept = kept[spread.ge(2)]
        if len(kept) == len(placed):
            return placed
        placed = kept
