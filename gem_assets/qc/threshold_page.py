"""The page that says where the thresholds of the ontology rules come from.

``python -m gem_assets.qc.threshold_page --references FOLDER --page docs/thresholds.md`` measures
and writes it, in half a minute; the same references give the same page. The real samples on which
the rules are measured afterwards choose nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gem_assets.embedded.model import MODEL_VERSION
from gem_assets.embedded.training.references import INDEPENDENT_SOURCES, read_references
from gem_assets.qc.partners import JOINT_RATIO
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.threshold_rates import (
    EXCHANGES,
    PER_TISSUE,
    SAMPLES,
    Libraries,
    Rate,
    draw_exchange,
    hold_out,
    judge_every_label,
    judge_exchange,
    partner_rates,
    threshold_rates,
    wrong_labels,
)

SEED = 5
"""Of the wrong labels and of the exchanges."""

DATASETS = 500
"""Datasets put together from each source's libraries."""

THRESHOLDS: dict[str, tuple[float, ...]] = {
    "contradicts_ratio": (1, 3, 10, 30, 100, 300, 1000, 3000),
    "contradicts_compatible": (0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
    "doubtful_p_top": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "doubtful_compatible": (0.05, 0.1, 0.2, 0.3, 0.4),
}
"""Name of a threshold of `QcSettings` -> values tried, the default among them."""

JOINT_RATIOS = (1e1, 1e2, JOINT_RATIO, 1e4, 1e5, 1e6, np.inf)
"""Values tried; the last: no partner is asked."""

INTRODUCTION = f"""\
# Where the thresholds come from

Made by `python -m gem_assets.qc.threshold_page --references FOLDER --page docs/thresholds.md` for
the model {MODEL_VERSION}. It reads the reference files that the model is trained on, and no others.

The tissue model is trained on one of two independent sources (HPA, GTEx) and asked about the other,
on the genes that both know by themselves. Of the source left out, {PER_TISSUE} libraries of single
donors are made of each of 25 tissues: donor noise of 0.6 (natural log, standard deviation per
gene), up to 40 % of a connective tissue mixed in, 0.2 to 20 million reads, genes missing from two
of five matrices. Each library is judged with its own label, and with one wrong label, drawn evenly
from those of other organs. One threshold is changed at a time; the default is **bold**. Intervals
are Wilson's, 95 %. They are over libraries; those of a tissue come from few profiles, so that the
intervals say nothing of tissues that were not tried.

These libraries are hard on purpose, and lack the genes that tell most. The tables are there to
choose a threshold by; they are no promise of recall.
"""

NOTES = {
    "contradicts_ratio": """\
The default is the lowest value of the table at which no right label fails. Lower values find more
and accuse right labels. Where labels were exchanged, the partner rule below wins back most of what
the default misses.""",
    "contradicts_compatible": """\
At a ratio of 100, a label that fails has less than 0.01 anyway, since no probability is above 1.
The default matters only to a dataset that lowers the ratio below 20: no label with a twentieth of
the probability fails there.""",
    "doubtful_p_top": """\
A warning asks for a look. The default is what can be said in words, more probable than all else
together, and was not chosen by this table. A higher value finds less and spares right labels.""",
    "doubtful_compatible": """\
Not chosen by this table, but for samples with other tissue in them, which keep between 0.05 and 0.2
for their right label and deserve a look. For the sake of wrong labels alone, 0.05 would do: it
misses few more, and most of the right labels that warn would not.""",
}
"""What speaks for each default."""

JOINT_NOTE = f"""\
Datasets of {SAMPLES} libraries, {DATASETS} of each source, in which the labels of {EXCHANGES} pairs
of other organs were exchanged. Without the rule only what contradicts by itself fails: the last
row. The default is the highest value that still wins back most of the others, and the lowest at
which fewer than one untouched label in 5,000 fails."""


def page(sources: Sequence[Libraries]) -> Iterator[str]:
    """Yield the lines of the page.

    Parameters
    ----------
    sources
        Libraries of each source that was left out.
    """
    yield from INTRODUCTION.splitlines()
    rng = np.random.default_rng(SEED)
    wrong = [wrong_labels(libraries.fit, rng) for libraries in sources]
    for name, values in THRESHOLDS.items():
        told, what = (
            ("fail", "fail") if name.startswith("contradicts") else ("flagged", "warn or fail")
        )
        yield from ("", f"## {name}", "", *NOTES[name].splitlines(), "")
        yield f"| {name} | wrong labels that {what} | right labels that {what} |"
        yield "|---|---|---|"
        for value in values:
            rates = threshold_rates(sources, QcSettings.from_mapping({name: value}), wrong)
            default = value == getattr(QcSettings(), name)
            yield _row(f"{value:g}", default, rates[f"wrong {told}"], rates[f"right {told}"])
    yield from ("", "## Joint ratio of the partner rule", "", *JOINT_NOTE.splitlines(), "")
    yield "| joint ratio | exchanged labels that fail | untouched labels that fail |"
    yield "|---|---|---|"
    datasets = []
    for libraries in sources:
        verdicts = judge_every_label(libraries, QcSettings())
        datasets += [
            judge_exchange(libraries, verdicts, draw_exchange(libraries.fit, rng))
            for _ in range(DATASETS)
        ]
    for ratio in JOINT_RATIOS:
        told = f"{ratio:,.0f}" if np.isfinite(ratio) else "no partner rule"
        yield _row(told, ratio == JOINT_RATIO, *partner_rates(datasets, ratio))


def _row(value: str, default: bool, *rates: Rate) -> str:
    told = f"**{value}**" if default else value
    return f"| {told} | " + " | ".join(map(str, rates)) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=Path, required=True, help="folder of reference files")
    parser.add_argument("--page", type=Path, required=True, help="file to write")
    options = parser.parse_args(arguments)
    references = read_references(options.references).independent()
    sources = [hold_out(references, name) for name in INDEPENDENT_SOURCES]
    options.page.write_text("\n".join(page(sources)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
