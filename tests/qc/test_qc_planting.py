"""Errors are planted where they could be told, each once, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from qc_rows import BRAIN, HEART, LIVER, Answers, stated

from gem_assets.qc.label_fit import LabelFits, label_fits
from gem_assets.qc.planting import (
    draw_pairs,
    held_labels,
    packed,
    plan_shifts,
    plan_swaps,
    relabelled,
    tellable_pairs,
)
from gem_assets.qc.settings import QcSettings

TISSUES = {"l": LIVER, "b": BRAIN, "h": HEART}


def dataset(letters: str, sexes: str | None = None) -> tuple[pd.DataFrame, LabelFits]:
    """Return the labels of samples 0, 1... and how they fit: one tissue letter a sample."""
    answers, labels = Answers(), []
    for i, letter in enumerate(letters):
        answers.probabilities(str(i), "tissue", {LIVER: 0.4, BRAIN: 0.3, HEART: 0.3})
        labels.append(stated(str(i), "tissue", TISSUES[letter]))
    for i, letter in enumerate(sexes or ""):
        answers.probabilities(str(i), "sex", {"male": 0.5, "female": 0.5})
        labels.append(stated(str(i), "sex", {"m": "male", "f": "female"}[letter]))
    frame = pd.DataFrame(labels)
    return frame, label_fits(frame, *answers.tables(), QcSettings())


def everyone(fits: LabelFits) -> list[str]:
    return [str(sample) for sample in fits.samples]


def text_of(labels: pd.DataFrame, field: str = "tissue") -> dict[str, str]:
    rows = labels[labels["field"].eq(field)]
    return dict(zip(rows["sample_id"], rows["provided_id"], strict=True))


def test_only_samples_whose_labels_exclude_each_other_are_exchanged() -> None:
    _, fits = dataset("lllbh")
    plan = plan_swaps(fits, everyone(fits), 100, np.random.default_rng(1))
    planted = {error for one in plan.judgements for error in one.errors}
    assert planted == {frozenset(p) for p in ("03", "13", "23", "04", "14", "24", "34")}
    assert (plan.tellable, plan.pairs) == (7, 10)
    assert len(plan.judgements) == 7, "of five samples, one pair at a time"


def test_labels_of_any_field_tell_a_pair() -> None:
    _, fits = dataset("llll", "mmff")
    plan = plan_swaps(fits, everyone(fits), 100, np.random.default_rng(1))
    assert plan.tellable == 4


def test_a_swap_takes_all_labels_and_the_donor_but_not_the_batch() -> None:
    labels, _ = dataset("lb", "mf")
    cells = [
        {
            "dataset": "d",
            "row": i,
            "sample_id": str(i),
            "sheet_column": column,
            "text": f"{column}{i}",
        }
        for column in ("donor", "batch", "tissue")
        for i in range(2)
    ]
    tables = {"sample_labels": labels, "sample_sheet": pd.DataFrame(cells)}
    changed = relabelled(tables, {"0": "1", "1": "0"})
    assert text_of(changed["sample_labels"]) == {"0": BRAIN, "1": LIVER}
    assert text_of(changed["sample_labels"], "sex") == {"0": "female", "1": "male"}
    assert changed["sample_sheet"]["text"].tolist() == [
        *("donor1", "donor0"),
        *("batch0", "batch1"),
        *("tissue1", "tissue0"),
    ]
    assert text_of(labels) == {"0": LIVER, "1": BRAIN}, "what was given stays as it was"


def test_a_sample_without_a_row_of_a_field_keeps_what_it_has() -> None:
    labels, _ = dataset("lb", "m")
    changed = relabelled({"sample_labels": labels}, {"0": "1", "1": "0"})["sample_labels"]
    assert text_of(changed, "sex") == {"0": "male"}


def test_many_samples_are_exchanged_some_pairs_at_a_time() -> None:
    _, fits = dataset("lb" * 60)
    plan = plan_swaps(fits, everyone(fits), 30, np.random.default_rng(1))
    assert [len(one.errors) for one in plan.judgements] == [3] * 10
    assert all(len(one.changed) == 6 for one in plan.judgements)


def test_a_sheet_slips_by_one_to_three_rows_both_ways() -> None:
    labels, fits = dataset("lbhlbh")
    planted = plan_shifts(fits, everyone(fits), everyone(fits))
    assert len(planted) == 4, "by three rows, every sample has the label that it had"
    down = relabelled({"sample_labels": labels}, planted[0].takes_from)["sample_labels"]
    assert list(text_of(down).values()) == [HEART, LIVER, BRAIN, HEART, LIVER, BRAIN]
    assert planted[0].errors == (frozenset("012345"),)


def test_only_samples_that_were_right_count_as_shifted() -> None:
    _, fits = dataset("llllb")
    planted = plan_shifts(fits, ["0", "1", "2", "3"], everyone(fits))
    assert planted[0].errors == (frozenset("0"),)
    assert planted[0].changed == frozenset("04")


def test_a_sheet_that_says_the_same_of_all_can_not_slip() -> None:
    _, fits = dataset("lllll")
    assert plan_shifts(fits, everyone(fits), everyone(fits)) == ()


def test_a_short_sheet_slips_by_fewer_rows() -> None:
    _, fits = dataset("lbh")
    assert len(plan_shifts(fits, everyone(fits), everyone(fits))) == 4


def test_nothing_is_exchanged_without_labels_that_may_be_wrong() -> None:
    held, unlike = held_labels(LabelFits(pd.Index(["a", "b"]), {}), ["a", "b"])
    assert draw_pairs(held, unlike, 5, np.random.default_rng(1)) == []


def test_of_many_pairs_some_are_drawn_without_listing_all() -> None:
    held = np.repeat([0, 1], 500)
    tellable = np.array([[False, True], [True, False]])
    drawn = draw_pairs(held, tellable, 300, np.random.default_rng(1))
    assert len({frozenset(pair) for pair in drawn}) == len(drawn) == 300
    assert all(held[i] != held[j] for i, j in drawn)


@given(
    held=st.lists(st.integers(0, 3), min_size=2, max_size=12),
    n=st.integers(0, 70),
    seed=st.integers(0, 99),
)
def test_no_pair_is_drawn_twice_and_all_are_where_so_many_are_wanted(
    held: list[int], n: int, seed: int
) -> None:
    tellable = ~np.eye(4, dtype=bool)
    tellable[0, 1] = tellable[1, 0] = False
    numbers = np.array(held)
    drawn = draw_pairs(numbers, tellable, n, np.random.default_rng(seed))
    assert len({frozenset(pair) for pair in drawn}) == len(drawn)
    assert all(tellable[held[i], held[j]] for i, j in drawn)
    assert len(drawn) == min(n, tellable_pairs(numbers, tellable) // 2)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 9), st.integers(10, 19)), unique=True, max_size=30),
    at_once=st.integers(1, 5),
)
def test_pairs_of_a_group_share_no_sample(pairs: Sequence[tuple[int, int]], at_once: int) -> None:
    groups = list(packed(pairs, at_once))
    assert sorted(pair for group in groups for pair in group) == sorted(pairs)
    for group in groups:
        members = [one for pair in group for one in pair]
        assert len(set(members)) == len(members) <= 2 * at_once


def test_the_same_seed_plants_the_same_errors() -> None:
    _, fits = dataset("lbhlbhlbh")
    one, other = (plan_swaps(fits, everyone(fits), 10, np.random.default_rng(7)) for _ in range(2))
    assert one == other
