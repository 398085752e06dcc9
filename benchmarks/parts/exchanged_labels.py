"""Labels exchanged in pairs: what each method finds of them, and whom it accuses besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from parts.cohorts import Cohort
from parts.judges import Judgement, Judges
from parts.label_methods import FAILS, METHODS, OURS, Samples
from parts.planted_labels import Pair, exchange, random_swaps, relabelled, unrelated_pairs
from parts.section import Bound, Section, rate

LEAST_FOUND = 0.98
SHARES = (0.05, 0.15)
SEX_SWAPS = 5


@dataclass
class Tally:
    """What a method found of planted errors, and whom it accused besides.

    Attributes
    ----------
    planted, found
        Samples with a wrong label, and those of them that the method accuses.
    untouched, accused
        The other samples, and those of them that it accuses.
    missed, wrongly
        By name, for who wants to know why: "planted: sample".
    """

    planted: int = 0
    found: int = 0
    untouched: int = 0
    accused: int = 0
    missed: list[str] = field(default_factory=list)
    wrongly: list[str] = field(default_factory=list)

    def add(self, samples: Sequence[str], wrong: Samples, accused: Samples) -> None:
        """Count one judgement."""
        others = accused - wrong
        self.planted += len(wrong)
        self.found += len(wrong & accused)
        self.untouched += len(samples) - len(wrong)
        self.accused += len(others)
        planted = " + ".join(sorted(wrong))
        self.missed += [f"{planted}: {sample}" for sample in sorted(wrong - accused)]
        self.wrongly += [f"{planted}: {sample}" for sample in sorted(others)]


def exchanged(
    cohort: Cohort, title: str, label: str, *, every: int, repeats: int, seed: int
) -> tuple[Section, list[str]]:
    """Return the section of one cohort, and a line on each planted or untouched sample gone wrong.

    Parameters
    ----------
    cohort
        Samples of right labels only.
    title
        What they are called on the page.
    label
        The field whose labels are exchanged.
    every
        1, or only each n-th pair.
    repeats
        Judgements of each share of random swaps.
    seed
        Of these.
    """
    pairs = unrelated_pairs(cohort, label)
    every_pair = len(cohort.samples) * (len(cohort.samples) - 1) // 2
    plans: dict[str, list[list[Pair]]] = {
        f"each of {len(pairs[::every]):,} pairs": [[pair] for pair in pairs[::every]]
    }
    for share in SHARES:
        swaps = list(random_swaps(cohort.samples, pairs, share, repeats, seed))
        n = len(swaps[0])
        plans[f"{share:.0%}: {n} pair{'s' if n > 1 else ''} at random x {repeats}"] = swaps
    tallies = {}
    with Judges(cohort, label) as judges:
        for name, plan in plans.items():
            tallies[name] = _tallies(judges, cohort, plan, label)
    lines = tuple(
        (
            name,
            method,
            f"{tally.planted:,}",
            rate(tally.found, tally.planted),
            f"{tally.untouched:,}",
            f"{tally.accused:,}",
            rate(tally.accused, tally.untouched),
        )
        for name, by_method in tallies.items()
        for method, tally in by_method.items()
    )
    rows = [
        {"cohort": cohort.name, "plan": name, "method": method, **asdict(tally)}
        for name, by_method in tallies.items()
        for method, tally in by_method.items()
    ]
    # Of the others' errors the counts are enough.
    for row in rows:
        if row["method"] not in (OURS, FAILS):
            del row["missed"], row["wrongly"]
    section = Section(
        title=f"Exchanged {label} labels: {title}",
        about=f"{len(cohort.samples)} samples. {len(pairs):,} of {every_pair:,} pairs have labels "
        f"that exclude each other; the others are of one {label}, or one is a part of the other, "
        "so that an exchange leaves both right. Only the column is exchanged, the rest of the row "
        "stays. Seeded.",
        head=("exchanged", "method", "n wrong", "found", "n untouched", "accused", "of untouched"),
        lines=lines,
        names=2,
        bounds=tuple(_bounds(tallies)),
        rows=rows,
    )
    return section, [
        f"{name}, {what}: {one}"
        for name, by_method in tallies.items()
        for what, found in (
            ("missed", by_method[OURS].missed),
            ("fails untouched", by_method[FAILS].wrongly),
        )
        for one in found
    ]


def _tallies(
    judges: Judges, cohort: Cohort, plan: Iterable[Sequence[Pair]], label: str
) -> dict[str, Tally]:
    planted = [exchange(pairs) for pairs in plan]
    sheets = (relabelled(cohort.sheet.frame, of, label) for of in planted)
    tallies = {method: Tally() for method in METHODS}
    for of, accused in zip(planted, judges.accusations(sheets), strict=True):
        for method, tally in tallies.items():
            tally.add(cohort.samples, frozenset(of), accused[method])
    return tallies


def _bounds(tallies: dict[str, dict[str, Tally]]) -> Iterator[Bound]:
    for name, by_method in tallies.items():
        ours, fails = by_method[OURS], by_method[FAILS]
        yield Bound(
            f"{name}: {ours.found:,} of {ours.planted:,} wrong labels fail or are named in a "
            f"finding (at least {LEAST_FOUND:.0%}).",
            ours.found >= LEAST_FOUND * ours.planted,
        )
        yield Bound(
            f"{name}: {fails.accused} of {fails.untouched:,} untouched samples fail (none).",
            fails.accused == 0,
        )
        better = [
            method
            for method, other in by_method.items()
            if method not in (OURS, FAILS)
            and other.found > ours.found
            and other.accused < ours.accused
        ]
        yield Bound(
            f"{name}: {'; '.join(better) or 'no other method'} finds more and accuses fewer.",
            not better,
        )


def swapped_sexes(cohort: Cohort, *, repeats: int, seed: int) -> tuple[Section, list[str]]:
    """Return the section of five random sex swaps at a time, and a line on each that went wrong."""
    rng = np.random.default_rng(seed)
    frame = cohort.sheet.frame
    women, men = (frame.loc[frame["sex"].eq(sex), "sample_id"] for sex in ("female", "male"))
    planted = [
        exchange(
            zip(
                rng.choice(women, SEX_SWAPS, replace=False).tolist(),
                rng.choice(men, SEX_SWAPS, replace=False).tolist(),
                strict=True,
            )
        )
        for _ in range(repeats)
    ]
    with Judges(cohort, "sex") as judges:
        judged = list(judges.judgements(relabelled(frame, of, "sex") for of in planted))
    exactly = [one.failing == set(of) for one, of in zip(judged, planted, strict=True)]
    grouped = [_is_one_group(one, frozenset(of)) for one, of in zip(judged, planted, strict=True)]
    wrongly = [one.failing - set(of) for one, of in zip(judged, planted, strict=True)]
    n = 2 * SEX_SWAPS
    untouched = repeats * (len(cohort.samples) - n)
    false = sum(map(len, wrongly))
    lines = (
        (f"exactly the {n} samples fail", f"{repeats}", rate(sum(exactly), repeats)),
        ("one exchange group of just these", f"{repeats}", rate(sum(grouped), repeats)),
        ("an untouched sample fails", f"{untouched:,}", rate(false, untouched)),
    )
    section = Section(
        title="Five random sex swaps: GEUVADIS",
        about=f"{len(women)} women and {len(men)} men; {SEX_SWAPS} of each, at random, have the "
        "sex of one of the others.",
        head=("what", "n", "share"),
        lines=lines,
        bounds=(
            Bound(f"in {sum(exactly)} of {repeats} exactly the ten samples fail.", all(exactly)),
            Bound(f"in {sum(grouped)} of {repeats} they are one exchange group.", all(grouped)),
            Bound(f"{false} untouched samples fail (none).", not false),
        ),
        rows=[{"what": line[0], "n": line[1], "share": line[2]} for line in lines],
    )
    return section, [
        f"{', '.join(sorted(of))}: missed {sorted(set(of) - one.failing)}; "
        + "; ".join(f"{found.kind} of {len(found.samples)}" for found in one.findings)
        for one, of, right, group in zip(judged, planted, exactly, grouped, strict=True)
        if not (right and group)
    ]


def _is_one_group(judged: Judgement, swapped: Samples) -> bool:
    groups = judged.of_kind("exchange_group")
    return [group.samples for group in groups] == [swapped] and not judged.of_kind("swap")
