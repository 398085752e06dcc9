"""Where the thresholds come from: the rates that are measured, and the page that tells them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gem_assets.embedded import train
from gem_assets.embedded.model import MODEL_VERSION
from gem_assets.embedded.training.references import REFERENCE_FILES
from gem_assets.qc import threshold_page
from gem_assets.qc.label_fit import LabelFits
from gem_assets.qc.partners import JOINT_RATIO, with_partners
from gem_assets.qc.reasons import STATUS_ORDER
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.term_rules import REASONS
from gem_assets.qc.threshold_page import JOINT_RATIOS, THRESHOLDS, main
from gem_assets.qc.threshold_rates import (
    EXCHANGES,
    SAMPLES,
    Libraries,
    Rate,
    draw_exchange,
    judge_every_label,
    judge_exchange,
    libraries_of,
    partner_rates,
    threshold_rates,
    wrong_labels,
)

PAGE = Path(__file__).parents[2] / "docs" / "thresholds.md"
LIVER, BRAIN, KIDNEY, TESTIS = CLASSES = (
    "UBERON:0002107",
    "UBERON:0000955",
    "UBERON:0002113",
    "UBERON:0000473",
)


def libraries(rows: list[list[float]], truth: list[int]) -> Libraries:
    return libraries_of(CLASSES, np.array(rows), np.array(truth))


def drawn(sharpness: float, n: int = 60) -> Libraries:
    """Return libraries whose right label mostly, not always, is the most probable."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, len(CLASSES), n)
    scores = rng.normal(size=(n, len(CLASSES)))
    scores[np.arange(n), truth] += 2
    p = np.exp(sharpness * scores)
    return libraries_of(CLASSES, p / p.sum(axis=1, keepdims=True), truth)


def tables() -> dict[str, list[tuple[str, list[int]]]]:
    """Return the page's tables: heading -> (value, counts k, n, k, n) of each row."""
    found: dict[str, list[tuple[str, list[int]]]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = [line for line in section.splitlines() if " of " in line and line.startswith("| ")]
        found[section.splitlines()[0]] = [
            (
                row.split("|")[1].strip(),
                [
                    int(n.replace(",", ""))
                    for k in re.findall(r"([\d,]+) of ([\d,]+):", row)
                    for n in k
                ],
            )
            for row in rows
        ]
    return found


def test_a_right_label_passes_and_a_wrong_one_fails_or_warns_by_its_mass() -> None:
    sure = [0.9997, 0.0001, 0.0001, 0.0001]
    unsure = [0.8, 0.1, 0.05, 0.05]
    source = libraries([sure, unsure, [0, 1, 0, 0]], [0, 0, 1])
    # Only labels that some library has are stated.
    assert source.fit.labels == (LIVER, BRAIN)
    wrong = np.array([1, 1, 0])
    rates = threshold_rates([source], QcSettings(), [wrong])
    assert rates["right fail"] == rates["right flagged"] == Rate(0, 3)
    assert rates["wrong fail"] == Rate(2, 3)
    assert rates["wrong flagged"] == Rate(3, 3)
    lower = threshold_rates(
        [source], QcSettings(contradicts_ratio=1, contradicts_compatible=0.2), [wrong]
    )
    assert lower["wrong fail"] == Rate(3, 3)


def test_a_wrong_label_is_of_another_organ() -> None:
    source = drawn(3.0)
    chosen = wrong_labels(source.fit, np.random.default_rng(0))
    assert source.fit.unlike[source.fit.code, chosen].all()
    assert set(chosen) == set(range(len(CLASSES)))


def test_an_exchange_is_of_pairs_of_other_organs() -> None:
    fit = drawn(3.0).fit
    one = draw_exchange(fit, np.random.default_rng(1))
    own = fit.code[one.rows]
    assert len(set(one.rows)) == SAMPLES
    assert one.planted.sum() == 2 * EXCHANGES
    assert fit.unlike[own, one.stated].tolist() == one.planted.tolist()
    assert sorted(own) == sorted(one.stated)


@pytest.mark.parametrize("sharpness", [2.0, 3.0, 5.0])
def test_the_partner_rule_is_the_one_that_judges_datasets(sharpness: float) -> None:
    source = drawn(sharpness)
    verdicts = judge_every_label(source, QcSettings())
    names = pd.Index([f"sample {i}" for i in range(SAMPLES)], dtype=object)
    rescued = 0
    for seed in range(20):
        given = draw_exchange(source.fit, np.random.default_rng(seed))
        one = judge_exchange(source, verdicts, given)
        fails = one.failing | (one.log_joint >= np.log(JOINT_RATIO))
        at = given.rows, given.stated
        frame = pd.DataFrame(
            {
                "sample_id": names,
                "field": "tissue",
                "status": [str(STATUS_ORDER[code]) for code in verdicts.status[at]],
                "reason": [str(REASONS[code]) for code in verdicts.reason[at]],
            }
        )
        fit = replace(source.fit, code=given.stated, log_p=source.fit.log_p[given.rows])
        judged = with_partners(frame, LabelFits(names, {"tissue": fit}))
        assert judged["status"].eq("fail").tolist() == fails.tolist()
        rescued += int((fails & ~one.failing).sum())
        planted, untouched = partner_rates([one], JOINT_RATIO)
        assert planted == Rate(int(fails[one.planted].sum()), 2 * EXCHANGES)
        assert untouched == Rate(int(fails[~one.planted].sum()), SAMPLES - 2 * EXCHANGES)
    assert rescued


def test_a_rate_is_told_with_its_number_and_interval() -> None:
    assert str(Rate(1, 1_000) + Rate(0, 1_000)) == "1 of 2,000: 0.0005 (0.0001 to 0.0028)"


def test_the_page_tells_every_threshold_with_its_default() -> None:
    told = tables()
    assert f"model {MODEL_VERSION}" in " ".join(PAGE.read_text(encoding="utf-8").split())
    for name, values in THRESHOLDS.items():
        (bold,) = [value for value, _ in told[name] if value.startswith("**")]
        assert float(bold.strip("*")) == getattr(QcSettings(), name)
        assert len(told[name]) == len(values)
    assert len(told["Joint ratio of the partner rule"]) == len(JOINT_RATIOS)


def test_the_tables_bear_out_what_the_page_says_of_the_defaults() -> None:
    told = tables()

    def around(rows: list[tuple[str, list[int]]]) -> tuple[list[int], list[int]]:
        at = next(i for i, (value, _) in enumerate(rows) if value.startswith("**"))
        return rows[at - 1][1], rows[at][1]

    lower, default = around(told["contradicts_ratio"])
    assert default[2] == 0 < lower[2]
    joint = told["Joint ratio of the partner rule"]
    lower, default = around(joint)
    assert default[2] / default[3] < 1 / 5_000 < lower[2] / lower[3]
    alone = joint[-1][1]
    most = (alone[1] - alone[0]) / 2
    assert [value for value, counts in joint if counts[0] - alone[0] > most][-1] == "**1,000**"
    masses = told["contradicts_compatible"]
    assert len({tuple(counts) for value, counts in masses if float(value.strip("*")) >= 0.01}) == 1
    doubtful = dict(told["doubtful_compatible"])
    assert doubtful["**0.2**"][0] - doubtful["0.05"][0] < 0.01 * doubtful["0.05"][1]
    assert doubtful["0.05"][2] < doubtful["**0.2**"][2] / 2


def test_the_page_is_made_from_the_training_files_alone(
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    opened_files: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    monkeypatch.setattr(train, "TISSUE", replace(train.TISSUE, per_class=3, markers=20))
    monkeypatch.setattr(threshold_page, "DATASETS", 5)
    training = shared_data / "training"
    with opened_files() as opened:
        main(["--references", str(training), "--page", str(tmp_path / "page.md")])
    data = {Path(name) for name in opened if Path(name).is_relative_to(shared_data)}
    assert data == {training / name for name in REFERENCE_FILES.values()}
    written = (tmp_path / "page.md").read_text(encoding="utf-8").splitlines()
    committed = PAGE.read_text(encoding="utf-8").splitlines()
    # Everything but the rates: a quick model has others.
    assert [line for line in written if " of " not in line or not line.startswith("|")] == [
        line for line in committed if " of " not in line or not line.startswith("|")
    ]
