"""Real samples mixed in silico with others of their cohort, and what is found in them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.mixtures import Mixture, find_mixtures
from gem_assets.qc.tissue_levels import MarkerCounts, load_tissue_levels, marker_counts
from gem_assets.qc.vote import taken_tissues
from parts.cohorts import Cohort, predict
from parts.known_truths import ADMIXED
from parts.section import Bound, Section, rate

READS = 20_000_000
"""Library size of a mixture."""
SHARES = (0.1, 0.2, 0.3)
TOLERANCE = 0.05
LEAST_RIGHT = 0.9
BOUND_FROM = 0.2
"""Share from which `LEAST_RIGHT` is asked for."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A sample with a share of another's reads, and the mixture that was found in it."""

    cohort: str
    target: str
    source: str
    share: float
    found: Mixture | None

    @property
    def near(self) -> bool:
        """Whether the estimate is within `TOLERANCE` of the truth."""
        return self.found is not None and abs(self.found.share - self.share) <= TOLERANCE

    @property
    def source_found(self) -> bool:
        """Whether the right source is named."""
        return self.found is not None and self.found.source_id == self.source


def mixed_samples(cohorts: Sequence[Cohort], seed: int) -> tuple[Section, list[str]]:
    """Return the section, and a line on each mixture that was missed, misjudged or misnamed."""
    planted = [
        one
        for cohort in cohorts
        for one in planted_mixtures(cohort, ADMIXED[cohort.name], SHARES, seed)
    ]
    lines, rows, bounds = [], [], []
    for share in SHARES:
        of_share = [one for one in planted if one.share == share]
        n = len(of_share)
        called = [one.found for one in of_share if one.found is not None]
        near = sum(one.near for one in of_share)
        right = sum(one.source_found for one in of_share)
        error = float(np.mean([abs(found.share - share) for found in called]))
        lines.append(
            (
                f"{share:.0%}",
                f"{n}",
                rate(len(called), n),
                rate(near, n),
                rate(right, n),
                f"{error:.3f}",
            )
        )
        rows.append(
            {"share": share, "n": n, "called": len(called), "near": near, "right_source": right}
            | {"mean_error_of_called": round(error, 4)}
        )
        if share >= BOUND_FROM:
            for what, k in (("within .05", near), ("the right source", right)):
                bounds.append(
                    Bound(
                        f"{share:.0%}: {what} in {k} of {n} (at least {LEAST_RIGHT:.0%}).",
                        k >= LEAST_RIGHT * n,
                    )
                )
    section = Section(
        title="Mixtures in silico: Body Map and Castle",
        about=f"Each clean sample with each other tissue of its own cohort, {READS / 1e6:.0f} "
        "million reads drawn from the mixed fractions of all genes; predicted anew, under its old "
        "label. What is not called counts as wrong in every column but the last, the mean error "
        "of those called.",
        head=("share", "n", "called", "within .05", "right source", "mean error"),
        lines=tuple(lines),
        bounds=tuple(bounds),
        rows=rows,
    )
    return section, [
        f"{one.cohort}: {one.share:.0%} of {one.source} in {one.target}: "
        + ("not called" if one.found is None else f"{one.found.share:.2f} {one.found.source_id}")
        for one in planted
        if not (one.near and one.source_found)
    ]


def planted_mixtures(
    cohort: Cohort, excluded: Collection[str], shares: Sequence[float], seed: int
) -> Iterator[Planted]:
    """Yield what is found in each sample of a cohort with each share of each other tissue.

    Reads are drawn from the mixed fractions of all genes; the mixed sample keeps its label, is
    predicted anew, and takes the place of the sample that it was mixed from.

    Parameters
    ----------
    cohort
        Samples of known tissues.
    excluded
        Samples that are not pure or not what they are labelled: neither targets nor sources.
    shares
        Of the source's reads in the mixture.
    seed
        Of the draws.
    """
    levels = load_tissue_levels()
    rng = np.random.default_rng(seed)
    counts = marker_counts(cohort.raw, levels)
    stated, predicted = tissues_of(cohort)
    taken = taken_tissues(counts, levels, stated, predicted)
    place = {sample: i for i, sample in enumerate(cohort.raw.sample_ids)}
    reads = cohort.raw.counts.toarray().astype(np.float64)
    fractions = reads / reads.sum(axis=1, keepdims=True)
    pure = [sample for sample in cohort.samples if sample not in excluded]
    for target in pure:
        plants = [
            (source, share)
            for source, share in itertools.product(pure, shares)
            if stated[source] != stated[target]
        ]
        drawn = [
            rng.multinomial(
                READS, (1 - share) * fractions[place[target]] + share * fractions[place[source]]
            )
            for source, share in plants
        ]
        names = tuple(f"{source} {share:g}" for source, share in plants)
        mixed = replace(
            cohort.raw, sample_ids=names, counts=sparse.csr_array(np.array(drawn, dtype=np.float64))
        )
        own = marker_counts(mixed, levels)
        seen = _predicted_tissues(mixed)
        for row, (source, share) in enumerate(plants):
            one = MarkerCounts((target,), own.cpm[row : row + 1], counts.present)
            cpm = counts.cpm.copy()
            cpm[place[target]] = own.cpm[row]
            as_taken = taken_tissues(
                one, levels, {target: stated[target]}, {target: seen[names[row]]}
            )
            found = find_mixtures(
                MarkerCounts(counts.sample_ids, cpm, counts.present),
                levels,
                {**taken, **as_taken},
                [target],
            )
            yield Planted(cohort.name, target, source, share, found[0] if found else None)


def tissues_of(cohort: Cohort) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return the stated and the predicted tissue of each sample, as UBERON ids."""
    tables = cohort.given().tables
    stated = tables["sample_labels"].query("field == 'tissue'").set_index("sample_id")
    predicted = tables["predicted_metadata"].query("field == 'tissue'").set_index("sample_id")
    return stated["provided_id"].to_dict(), predicted["predicted_id"].to_dict()


def _predicted_tissues(raw: CountMatrix) -> Mapping[str, str]:
    tables, _ = predict("mixed", raw, "bulk")
    rows = tables["predicted_metadata"].query("field == 'tissue'")
    return dict(zip(rows["sample_id"], rows["predicted_id"], strict=True))
