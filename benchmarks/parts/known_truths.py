"""What is known of single samples of Body Map and Castle, and whether it is said."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from gem_assets.qc.dataset import JudgedDataset
from parts.cohorts import Cohort
from parts.label_methods import failing
from parts.section import Bound, Section

ADMIXED = {"bodymap": frozenset({"Adrenal", "Thyroid", "Breast"}), "castle": frozenset[str]()}
"""Samples that are not what their label says, or carry a second tissue: muscle, by its genes."""

MIXED_SEX = frozenset({"Heart", "Kidney", "Lung", "Skeletal muscle"})
"""Pools of both sexes in Castle, by XIST and Y."""

MUSCLE = "Skeletal muscle"
MOST_CALLED = 2
MARKERS_AGREE = "The sample is not what its label says; markers agree with the prediction"


def known_truths(bodymap: Cohort, castle: Cohort) -> Section:
    """Return the section."""
    of_bodymap, of_castle = bodymap.judged(), castle.judged()
    bounds = [
        *_of_bodymap(of_bodymap),
        *_of_castle(of_castle),
        _of_clean({"bodymap": (bodymap, of_bodymap), "castle": (castle, of_castle)}),
    ]
    return Section(
        title="Known truths of Body Map and Castle",
        about="Both as they are, with all their counts and whatever is found in them.",
        bounds=tuple(bounds),
        rows=[
            {"cohort": cohort, **row}
            for cohort, judged in (("bodymap", of_bodymap), ("castle", of_castle))
            for row in judged.findings[
                ["kind", "reason", "sample_ids", "score", "sentence"]
            ].to_dict("records")
        ],
    )


def _of_bodymap(judged: JudgedDataset) -> Iterator[Bound]:
    verdicts = judged.verdicts[judged.verdicts["field"].eq("tissue")].set_index("sample_id")
    told = judged.samples.set_index("sample_id")["sentence"]
    fails = failing(judged)
    adrenal = MARKERS_AGREE in told["Adrenal"]
    yield Bound(
        f"Body Map: {', '.join(sorted(fails)) or 'nothing'} fails (Adrenal only), and it is "
        f"{'' if adrenal else 'not '}said that it is not what its label says and that markers "
        "agree with the prediction.",
        fails == {"Adrenal"} and adrenal,
    )
    mixtures = _mixtures(judged).set_index("target")
    thyroid = mixtures.loc[["Thyroid"]].iloc[0] if "Thyroid" in mixtures.index else None
    yield Bound(
        "Body Map: Thyroid has "
        + ("no mixture" if thyroid is None else f"{thyroid['score']:.2f} of {thyroid['source']}")
        + f" ({MUSCLE}, .10 to .25).",
        thyroid is not None
        and thyroid["source"] == MUSCLE
        and 0.1 <= thyroid["score"] <= 0.25
        and thyroid["reason"] == "second_tissue",
    )
    breast = mixtures.loc[["Breast"]].iloc[0] if "Breast" in mixtures.index else None
    yield Bound(
        "Body Map: Breast has "
        + (
            "no mixture"
            if breast is None
            else f"{breast['score']:.2f} of {breast['source']}, {breast['reason']}"
        )
        + " (a low level at most).",
        breast is None or breast["reason"] == "low_level",
    )
    prostate = verdicts.loc["Prostate"]
    yield Bound(
        f"Body Map: Prostate is {prostate['status']} ({prostate['reason']}: predicted "
        f"{prostate['predicted_label']} at {prostate['p_top']:.2f}, label "
        f"{prostate['p_compatible']:.3f}; no fail).",
        prostate["status"] != "fail",
    )
    mixed = _mixed_sex(judged)
    yield Bound(f"Body Map: {_listed(mixed)} of mixed sex (none).", not mixed)


def _of_castle(judged: JudgedDataset) -> Iterator[Bound]:
    mixed = _mixed_sex(judged)
    yield Bound(
        f"Castle: {_listed(mixed)} of mixed sex ({_listed(MIXED_SEX)}).", mixed == MIXED_SEX
    )
    fails = failing(judged)
    yield Bound(f"Castle: {_listed(fails)} fails (none).", not fails)


def _of_clean(cohorts: dict[str, tuple[Cohort, JudgedDataset]]) -> Bound:
    clean = {
        f"{name}:{sample}"
        for name, (cohort, _) in cohorts.items()
        for sample in cohort.samples
        if sample not in ADMIXED[name]
    }
    called = {
        f"{name}:{sample}"
        for name, (_, judged) in cohorts.items()
        for sample in _mixtures(judged)["target"]
    } & clean
    return Bound(
        f"{len(called)} of {len(clean)} clean samples are called mixed: {_listed(called)} "
        f"(at most {MOST_CALLED}).",
        len(called) <= MOST_CALLED,
    )


def _mixtures(judged: JudgedDataset) -> pd.DataFrame:
    rows = judged.findings[judged.findings["kind"].eq("mixture")]
    return rows.assign(target=rows["sample_ids"].str[0], source=rows["sample_ids"].str[1])


def _mixed_sex(judged: JudgedDataset) -> frozenset[str]:
    rows = judged.findings[judged.findings["kind"].eq("mixed_sex")]
    return frozenset(sample for samples in rows["sample_ids"] for sample in samples)


def _listed(samples: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(samples)) or "none"
