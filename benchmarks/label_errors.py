"""Label errors of known truth: how many are found, who is accused besides, and at what cost.

``python benchmarks/label_errors.py [--part NAME]... [--repeats N] [--every N]``; the page is
written when all of it was done. Parts that are run again take their place among those that were
kept of the same model and rules.

Errors are planted in the sheets and counts of real samples, and the sheets are judged as a run of
gem-assets judges them, beside simpler methods on the same predictions. The predictions are those of
the embedded endpoint, asked once in this process. It is small and made of public references: what
is measured here is the rules on top of it, not GEM-1.

Everything is seeded. Body Map, Castle and OneK1K may not be shipped: without the folder that
``GEM_ASSETS_SHARED`` names (or ``../shared``) their parts are skipped, and the page says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from parts import many_samples
from parts.cohorts import Cohort, pooled, shared_cohort, shared_cohorts, shipped_cohort
from parts.exchanged_cells import exchanged_cells
from parts.exchanged_labels import exchanged, swapped_sexes
from parts.known_truths import known_truths
from parts.label_methods import METHODS
from parts.measuring import surroundings
from parts.mixed_samples import mixed_samples
from parts.section import Section
from parts.shifted_sheets import shifted_sheets

from gem_assets.qc.settings import RULES_VERSION

RESULTS = Path(__file__).parent / "results"
MISLABELLED = "bodymap:Adrenal"
REPEATS = 200
SHUFFLES = 5


class Benchmark:
    """What is measured: cohorts, each read and predicted when it is first asked for, and how much.

    Parameters
    ----------
    shared
        Folder of the cohorts that may not be shipped.
    repeats
        Judgements of random swaps.
    every
        1, or only each n-th of the pairs.
    """

    def __init__(self, shared: Path, repeats: int, every: int) -> None:
        self.shared = shared
        self.repeats = repeats
        self.every = every

    @cached_property
    def bodymap(self) -> Cohort:
        """Sixteen tissues, one donor each."""
        return shared_cohort(self.shared, "bodymap")

    @cached_property
    def castle(self) -> Cohort:
        """Eleven tissues, pools of donors."""
        return shared_cohort(self.shared, "castle")

    @cached_property
    def pooled(self) -> Cohort:
        """Both as one dataset, without what is not what it is labelled."""
        return pooled("pooled", [self.bodymap, self.castle]).without({MISLABELLED})

    @cached_property
    def geuvadis(self) -> Cohort:
        """Lymphoblastoid lines of 41 women and 44 men; in the repository."""
        return shipped_cohort("geuvadis_lcl")


Found = tuple[Section, list[str]]


def pooled_exchanges(of: Benchmark) -> Found:
    """Exchange tissues of Body Map and Castle."""
    verdicts = of.pooled.judged().verdicts
    tissue = verdicts[verdicts["field"].eq("tissue")]
    unjudged = tissue.loc[tissue["status"].eq("not_assessed"), "sample_id"].tolist()
    section, bad = exchanged(
        of.pooled.without(unjudged),
        "Body Map and Castle pooled",
        "tissue",
        every=of.every,
        repeats=of.repeats,
        seed=1,
    )
    left_out = "The Body Map adrenal is left out, which is no adrenal gland, and so are labels "
    left_out += f"outside the model's vocabulary: {', '.join(unjudged) or 'there is none'}."
    return replace(section, about=f"{section.about} {left_out}"), bad


def geuvadis_exchanges(of: Benchmark) -> Found:
    """Exchange sexes of GEUVADIS."""
    return exchanged(of.geuvadis, "GEUVADIS", "sex", every=of.every, repeats=of.repeats, seed=2)


def sex_swaps(of: Benchmark) -> Found:
    """Exchange five sexes of GEUVADIS at a time."""
    return swapped_sexes(of.geuvadis, repeats=of.repeats, seed=3)


def shifts(of: Benchmark) -> Found:
    """Shift the sheets."""
    own_order = [(of.bodymap, "tissue"), (of.castle, "tissue")]
    return shifted_sheets(own_order, (of.geuvadis, "sex"), SHUFFLES, seed=4)


def truths(of: Benchmark) -> Found:
    """Look at single samples."""
    return known_truths(of.bodymap, of.castle), []


def mixtures(of: Benchmark) -> Found:
    """Mix samples."""
    return mixed_samples([of.bodymap, of.castle], seed=5)


def cells(of: Benchmark) -> Found:
    """Exchange groups of cells."""
    return exchanged_cells(of.shared, every=of.every)


def timing(of: Benchmark) -> Found:  # noqa: ARG001 - made tables, whatever the cohorts
    """Judge many samples, each number in processes of its own."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for samples in many_samples.SIZES:
            there = Path(folder) / str(samples)
            there.mkdir()
            # Whoever makes the tables holds twice their memory: not in the process that judges.
            _child("write", samples, str(there))
            rows += [_child(line, samples, str(there)) for line in many_samples.LINES]
    return many_samples.many_samples(rows), []


PARTS: dict[str, Callable[[Benchmark], Found]] = {
    "pooled": pooled_exchanges,
    "geuvadis": geuvadis_exchanges,
    "sexes": sex_swaps,
    "shifts": shifts,
    "truths": truths,
    "mixtures": mixtures,
    "cells": cells,
    "timing": timing,
}
WITHOUT_SHARED = ("geuvadis", "sexes", "timing")
"""Parts that need no more than the repository."""


def _child(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", json.dumps(arguments)]
    # The command is this very file.
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    row: dict[str, Any] = json.loads(answer.stdout or "{}")
    return row


def as_markdown(sections: list[Section], skipped: list[str], about: dict[str, Any]) -> str:
    """Return the page."""
    bounds = [(section.title, bound) for section in sections for bound in section.bounds]
    missed = [f"{title}. {bound}" for title, bound in bounds if not bound.met]
    lines = [
        "# Label errors of known truth",
        "",
        "Made by `python benchmarks/label_errors.py`; rows in `label_errors.json`. Intervals are "
        "Wilson's, of 95 %; repeats draw from the same samples, so they are of the errors planted, "
        "not of cohorts. " + ", ".join(f"{name} {value}" for name, value in about.items()) + ".",
        "",
        f"**{len(bounds) - len(missed)} of {len(bounds)} bounds are met.**",
        "",
        *(f"- {sentence}" for sentence in (*missed, *skipped)),
        *([""] if missed or skipped else []),
        *(line for section in sections for line in section.as_markdown()),
        "## Methods",
        "",
        *(f"- **{method}**: {what}" for method, what in METHODS.items()),
        "",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--part", "parts", multiple=True, default=list(PARTS), type=click.Choice(list(PARTS)))
@click.option("--repeats", default=REPEATS, show_default=True, help="Of random swaps.")
@click.option("--every", default=1, show_default=True, help="Only each n-th pair.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), show_default=False)
@click.option("--child", hidden=True)
def main(
    parts: tuple[str, ...], repeats: int, every: int, results: Path, child: str | None
) -> None:
    """Plant, judge and count; write the page and its rows if all was done."""
    if child is not None:
        what, samples, folder = json.loads(child)
        if what == "write":
            many_samples.write_tables(Path(folder), samples)
        else:
            click.echo(json.dumps(many_samples.measure_here(what, samples, Path(folder))))
        return
    shared = shared_cohorts()
    benchmark = Benchmark(shared or Path(), repeats, every)
    skipped, found = [], {}
    for part in parts:
        if shared is None and part not in WITHOUT_SHARED:
            skipped.append(f"Skipped: {part}. It needs cohorts that may not be shipped.")
            continue
        clock = time.perf_counter()
        section, bad = PARTS[part](benchmark)
        found[part] = section
        click.echo("\n".join(section.as_markdown() + bad))
        click.echo(f"{part}: {time.perf_counter() - clock:.0f} s\n")
    about = surroundings("gem-assets", "cleanlab", "numpy", "pandas", "scipy")
    about["model"] = benchmark.geuvadis.model_version
    about["rules"] = RULES_VERSION
    kept = results / "label_errors.json"
    if (repeats, every) == (REPEATS, 1):
        found = _kept(kept, about) | found
    page = as_markdown([found[part] for part in PARTS if part in found], skipped, about)
    if set(found) == set(PARTS) and (repeats, every) == (REPEATS, 1):
        sections = {part: asdict(found[part]) for part in PARTS}
        results.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"surroundings": about, "sections": sections}, indent=1) + "\n")
        kept.with_suffix(".md").write_text(page)
    else:
        click.echo(page)


def _kept(path: Path, about: dict[str, Any]) -> dict[str, Section]:
    """Return the sections that were kept under the same surroundings."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    if content.get("surroundings") != about:
        return {}
    return {part: Section.from_json(section) for part, section in content["sections"].items()}


if __name__ == "__main__":
    main()
