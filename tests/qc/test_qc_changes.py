"""What changed since the last run, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_rows import BLOOD, BRAIN, CEREBRAL_CORTEX, HEART, K562, LIVER, Answers, stated, verdicts_on

from gem_assets.qc.adjustments import adjust
from gem_assets.qc.change_sentences import headline
from gem_assets.qc.change_words import CAUSE_EXPLANATIONS, CHANGE_EXPLANATIONS, Cause, Change
from gem_assets.qc.changes import CHANGE_COLUMNS, find_changes, run_before
from gem_assets.qc.history import history_row
from gem_assets.qc.label_fit import label_fits
from gem_assets.qc.partners import with_partners
from gem_assets.qc.reasons import Status
from gem_assets.qc.review import apply_reviews, read_reviews
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.summary import summarise_samples
from gem_assets.qc.trend import change_numbers, rate_numbers, trend_table
from gem_assets.qc.verdict_pairs import JudgedRun
from gem_assets.warehouse import validate

FIRST = datetime(2026, 11, 20, 9, tzinfo=UTC)
SURE_LIVER = {LIVER: 0.98, BLOOD: 0.01, HEART: 0.005, BRAIN: 0.005}
SURE_BLOOD = {BLOOD: 0.98, LIVER: 0.001, HEART: 0.01, BRAIN: 0.009}


def run(
    labels: list[dict[str, object]],
    answers: Answers | None = None,
    *,
    at: datetime = FIRST,
    thresholds: QcSettings | None = None,
    verdicts: pd.DataFrame | None = None,
    hashes: dict[str, str] | None = None,
    order: str = "sha256:0000000000000000",
) -> JudgedRun:
    """Return a run on labels that a model answered, as it would be read back."""
    answers = answers or liver_and_blood()
    thresholds = thresholds or QcSettings()
    if verdicts is None:
        verdicts = verdicts_on(labels, answers, thresholds)
    samples = summarise_samples(verdicts, list(dict.fromkeys(verdicts["sample_id"])), dataset="d")
    history = history_row("d", f"run of {at}", at, samples, answers.tables()[0], thresholds)
    counts = pd.DataFrame(
        [(name, order, hashed) for name, hashed in (hashes or {}).items()],
        columns=["sample_id", "gene_order_hash", "content_hash"],
    )
    row = {str(name): value for name, value in history.iloc[0].items()}
    read_back = pa.Table.from_pandas(verdicts, preserve_index=False).to_pandas()
    return JudgedRun(row, read_back, counts)


def later(labels: list[dict[str, object]], answers: Answers | None = None, **more) -> JudgedRun:  # type: ignore[no-untyped-def]
    """Return a run two days after the first."""
    return run(labels, answers, at=FIRST + timedelta(days=2), **more)


def liver_and_blood(**other: dict[str, float]) -> Answers:
    """Return answers for sample a, a liver, and b, blood."""
    p = {"a": SURE_LIVER, "b": SURE_BLOOD, **other}
    answers = Answers()
    for sample, row in p.items():
        answers.probabilities(sample, "tissue", row)
    return answers


def tissues(**term: str | None) -> list[dict[str, object]]:
    return [stated(sample, "tissue", value) for sample, value in term.items()]


def told(changes: pd.DataFrame) -> list[tuple[str, str, list[str]]]:
    """Return sample, change and causes of each row."""
    columns = (changes["sample_id"], changes["change"], changes["why"])
    return [(sample, change, list(why)) for sample, change, why in zip(*columns, strict=True)]


def history(*runs: JudgedRun) -> pd.DataFrame:
    return pd.DataFrame([dict(one.run) for one in runs])


def test_a_first_run_has_nothing_to_compare_with() -> None:
    now = run(tissues(a=LIVER))
    changes = find_changes(None, now)
    assert changes.empty
    assert tuple(changes.columns) == CHANGE_COLUMNS
    assert run_before(history(now), str(now.run["run_id"])) is None
    assert headline(changes, history(now)) == "First run: there is none to compare with."


def test_the_same_run_again_changes_nothing() -> None:
    labels = tissues(a=BRAIN, b=BLOOD)
    before, now = run(labels), later(labels)
    changes = find_changes(before, now)
    assert changes.empty
    assert headline(changes, history(before, now)) == "No verdict changed since 2026-11-20."


def test_a_changed_label_fails_and_another_passes() -> None:
    before, now = run(tissues(a=LIVER, b=BRAIN)), later(tissues(a=BRAIN, b=BLOOD))
    changes = find_changes(before, now)
    assert told(changes) == [
        ("a", "newly_failing", ["label_changed"]),
        ("b", "newly_passing", ["label_changed"]),
    ]
    assert changes["was_status"].tolist() == ["pass", "fail"]
    assert changes["status"].tolist() == ["fail", "pass"]
    assert set(changes["since"]) == {pd.Timestamp(FIRST)}
    assert set(changes["run_id"]) == {now.run["run_id"]}
    assert changes["sentence"].tolist() == [
        "a: tissue fails (passed before): its label changed from 'liver' to 'brain'.",
        "b: tissue passes (failed before): its label changed from 'brain' to 'blood'.",
    ]
    assert headline(changes, history(before, now)) == (
        "Since 2026-11-20: 1 label newly failing (label changed), 1 newly passing (label changed)."
    )


def test_another_model_version_explains_only_what_it_predicted() -> None:
    labels = tissues(a=LIVER, b=BLOOD)
    wiser = liver_and_blood(a=SURE_BLOOD)
    for row in [*wiser.metadata, *wiser.probs]:
        row |= {"model_version": "embedded-2"}
    before, now = run(labels), later(labels, wiser)
    changes = find_changes(before, now)
    assert told(changes) == [("a", "newly_failing", ["model_changed"])]
    assert changes["sentence"].tolist() == [
        "a: tissue fails (passed before): the model changed (version embedded-1, now embedded-2)."
    ]


def test_a_new_model_that_changes_no_verdict_is_told_all_the_same() -> None:
    labels = tissues(a=LIVER)
    other = liver_and_blood()
    for row in [*other.metadata, *other.probs]:
        row |= {"model_version": "embedded-2", "served_by": "hosted"}
    before, now = run(labels), later(labels, other)
    changes = find_changes(before, now)
    assert changes.empty
    assert headline(changes, history(before, now)) == (
        "No verdict changed since 2026-11-20, though the model (version embedded-1, now "
        "embedded-2, served by embedded, now hosted) did."
    )


def test_other_thresholds_or_rules_explain_a_verdict_whose_numbers_stayed() -> None:
    labels = tissues(a=BRAIN, b=BLOOD)
    before = run(labels)
    mild = QcSettings(contradicts_ratio=1000, contradicts_compatible=0.001)
    now = later(labels, thresholds=mild)
    assert told(find_changes(before, now)) == [("a", "newly_warning", ["thresholds_changed"])]
    ruled = replace(now, run={**now.run, "rules_version": "next"})
    changes = find_changes(before, ruled)
    assert told(changes) == [("a", "newly_warning", ["rules_changed"])]
    version = before.run["rules_version"]
    assert changes["sentence"][0] == (
        f"a: tissue warns (failed before): the rules changed (version {version}, now next)."
    )
    none = changes.iloc[:0]
    assert headline(none, history(before, now)).endswith(", though the thresholds did.")
    assert headline(none, history(before, ruled)).endswith(", now next) did.")


def test_changed_counts_explain_a_changed_answer() -> None:
    labels = tissues(a=LIVER, b=BLOOD)
    before = run(labels, hashes={"a": "11", "b": "22"})
    answers = liver_and_blood(a=SURE_BLOOD)
    now = later(labels, answers, hashes={"a": "33", "b": "22"})
    changes = find_changes(before, now)
    assert told(changes) == [("a", "newly_failing", ["counts_changed"])]
    assert changes["sentence"][0] == "a: tissue fails (passed before): its counts changed."


def test_hashes_over_another_gene_order_say_nothing_of_the_counts() -> None:
    labels = tissues(a=LIVER)
    before = run(labels, hashes={"a": "11"})
    answers = liver_and_blood(a=SURE_BLOOD)
    now = later(labels, answers, hashes={"a": "33"}, order="sha256:1111111111111111")
    changes = find_changes(before, now)
    assert told(changes) == [("a", "newly_failing", ["answer_changed"])]
    assert changes["sentence"][0] == (
        "a: tissue fails (passed before): the model answers otherwise (liver, now blood)."
    )


def test_counts_that_no_hash_is_kept_of_are_not_told_to_differ() -> None:
    labels = tissues(a=LIVER)
    before = replace(run(labels), counts=None)
    changes = find_changes(before, later(labels, liver_and_blood(a=SURE_BLOOD)))
    assert told(changes) == [("a", "newly_failing", ["answer_changed"])]


def test_the_same_answer_with_other_probabilities_is_told_with_them() -> None:
    labels = tissues(a=BRAIN)
    doubt = {LIVER: 0.6, BRAIN: 0.1, BLOOD: 0.3}
    changes = find_changes(run(labels), later(labels, liver_and_blood(a=doubt)))
    assert told(changes) == [("a", "newly_warning", ["answer_changed"])]
    assert changes["sentence"][0].endswith("the model answers otherwise (liver, p 0.98, now 0.60).")


def test_an_age_without_probabilities_is_compared_by_its_years() -> None:
    labels = [stated("a", "age", None, "id") | {"provided_text": "30", "provided_id": "30"}]
    young, old = Answers().number("a", "age", 31), Answers().number("a", "age", 71)
    changes = find_changes(run(labels, young), later(labels, old))
    assert changes["sentence"].tolist() == [
        "a: age warns (passed before): the model answers otherwise (31, now 71)."
    ]


def test_what_holds_together_is_told_together_nearest_first() -> None:
    before = run(tissues(a=LIVER), hashes={"a": "1"})
    now = later(tissues(a=BRAIN), thresholds=QcSettings(contradicts_ratio=50), hashes={"a": "2"})
    changes = find_changes(before, now)
    why = ["label_changed", "thresholds_changed", "counts_changed"]
    assert told(changes) == [("a", "newly_failing", why)]
    assert changes["sentence"][0] == (
        "a: tissue fails (passed before): its label changed from 'liver' to 'brain'; the "
        "thresholds changed; its counts changed. Each of these may be why."
    )
    assert headline(changes, history(before, now)) == (
        "Since 2026-11-20: 1 label newly failing (label changed; thresholds changed; counts "
        "changed)."
    )


def test_a_text_read_as_another_term_is_told_from_a_changed_text() -> None:
    alias = stated("a", "tissue", LIVER, "alias") | {"provided_text": "hep"}
    corrected = alias | {"provided_id": BRAIN, "provided_label": "brain"}
    changes = find_changes(run([alias]), later([corrected]))
    assert told(changes) == [("a", "newly_failing", ["label_read_otherwise"])]
    assert changes["sentence"][0].endswith(
        "its label 'hep' was read as UBERON:0002107 before, now as UBERON:0000955."
    )


def test_labels_that_come_and_go_alarm_only_where_they_are_flagged() -> None:
    before = run(tissues(a=LIVER, b=BLOOD))
    answers = liver_and_blood(c=SURE_LIVER, d=SURE_LIVER)
    now = later(
        [*tissues(a=LIVER, c=LIVER, d=BRAIN), stated("a", "disease", None, "unknown")], answers
    )
    changes = find_changes(before, now)
    assert told(changes) == [
        ("c", "added", ["sample_added"]),
        ("d", "newly_failing", ["sample_added"]),
        ("a", "added", ["label_added"]),
        ("b", "removed", ["sample_removed"]),
    ]
    assert changes["was_status"].tolist() == [None, None, None, "pass"]
    assert changes["status"].tolist() == ["pass", "fail", "not_assessed", None]
    assert changes["sentence"].tolist() == [
        "c: tissue passes (was not there before): the sample is new.",
        "d: tissue fails (was not there before): the sample is new.",
        "a: disease is not judged (was not there before): the label is new.",
        "b: tissue is gone (passed before): the sample is gone.",
    ]
    assert headline(changes, history(before, now)) == (
        "Since 2026-11-20: 1 label newly failing (sample added), 1 removed (sample removed), "
        "2 added (sample added: 1; label added: 1)."
    )
    back = find_changes(now, run(tissues(a=LIVER, c=LIVER, d=BRAIN), answers))
    assert told(back) == [("a", "removed", ["label_removed"])]


def reviewed(verdicts: pd.DataFrame, *samples: str, label: str = "") -> pd.DataFrame:
    cells = {"decision": "label_wrong", "reviewer": "Ada", "date": "2026-11-21", "comment": ""}
    rows = [{"sample_id": name, "field": "tissue", "label": label} | cells for name in samples]
    return apply_reviews(verdicts, read_reviews(pd.DataFrame(rows))).verdicts


def test_a_review_settles_what_is_flagged_and_says_nothing_of_the_rest() -> None:
    labels = tissues(a=BRAIN, b=BLOOD)
    before = run(labels)
    now = later(labels, verdicts=reviewed(before.verdicts, "a", "b"))
    changes = find_changes(before, now)
    assert told(changes) == [("a", "reviewed", ["reviewed"])]
    assert changes["sentence"][0] == "a: tissue fails and does not count: reviewed by Ada."
    assert headline(changes, history(before, now)) == "Since 2026-11-20: 1 label reviewed."


def test_a_reviewed_label_that_changes_once_more_counts_again() -> None:
    labels = tissues(a=BRAIN)
    settled = reviewed(verdicts_on(labels, liver_and_blood()), "a", label="brain")
    before, changed = run(labels, verdicts=settled), tissues(a=HEART)
    again = reviewed(verdicts_on(changed, liver_and_blood()), "a", label="brain")
    changes = find_changes(before, later(changed, verdicts=again))
    assert told(changes) == [("a", "reopened", ["label_changed", "review_withdrawn"])]
    assert changes["sentence"][0] == (
        "a: tissue fails and counts again: its label changed from 'brain' to 'heart'; the review "
        "by Ada no longer applies."
    )


def test_a_label_that_was_reviewed_before_it_failed_raises_no_alarm() -> None:
    before = run(tissues(a=LIVER))
    changed = tissues(a=BRAIN)
    now = later(changed, verdicts=reviewed(verdicts_on(changed, liver_and_blood()), "a"))
    changes = find_changes(before, now)
    assert told(changes) == [("a", "reviewed", ["label_changed", "reviewed"])]


def partners(first: str) -> tuple[list[dict[str, object]], Answers]:
    """Return a doubtful brain b, and a, whose label decides whether they may be exchanged."""
    answers = liver_and_blood(
        a={CEREBRAL_CORTEX: 0.99, LIVER: 0.0005, BLOOD: 0.0095},
        b={LIVER: 0.9, CEREBRAL_CORTEX: 0.02, BLOOD: 0.08},
    )
    return tissues(a=first, b=CEREBRAL_CORTEX), answers


def supported(labels: list[dict[str, object]], answers: Answers) -> pd.DataFrame:
    defaults = QcSettings()
    verdicts = verdicts_on(labels, answers)
    sample_labels = pd.DataFrame(labels)
    fits = label_fits(sample_labels, *answers.tables(), defaults)
    return adjust(with_partners(verdicts, fits), defaults, None)


def test_a_label_that_lost_its_partner_warns_because_of_the_other() -> None:
    before, now = (
        make(*partners(first), verdicts=supported(*partners(first)))
        for make, first in ((run, LIVER), (later, CEREBRAL_CORTEX))
    )
    assert before.verdicts["reason"].tolist() == ["contradicts", "contradicts_with_partner"]
    changes = find_changes(before, now)
    assert told(changes) == [
        ("a", "newly_passing", ["label_changed"]),
        ("b", "newly_warning", ["partner_changed"]),
    ]
    assert changes["sentence"][1] == (
        "b: tissue warns (failed before): who could have exchanged labels with it changed, in "
        "label or verdict: a."
    )


def test_a_stated_cell_line_explains_a_tissue_that_passes() -> None:
    answers = Answers().probabilities("a", "tissue", SURE_LIVER)
    answers.probabilities("a", "cell_line", {K562: 0.99, "CVCL_0395": 0.01})
    line = stated("a", "cell_line", K562)
    before, now = run(tissues(a=BRAIN), answers), later([*tissues(a=BRAIN), line], answers)
    changes = find_changes(before, now)
    assert told(changes) == [
        ("a", "newly_passing", ["other_label_changed"]),
        ("a", "added", ["label_added"]),
    ]


def test_a_sample_judged_by_the_others_is_told_to_depend_on_them() -> None:
    names = [f"s{i}" for i in range(9)]
    answers = Answers()
    for name in names:
        answers.probabilities(name, "tissue", SURE_LIVER)
    labels = tissues(**dict.fromkeys(names, LIVER))
    labels[0] = stated("s0", "tissue", BRAIN)
    r = pd.DataFrame({"sample_id": names, "reconstruction_r": [0.2, *np.linspace(0.9, 0.97, 8)]})
    full = verdicts_on(labels, answers, decoded_counts=r)
    few = verdicts_on(labels[:5], answers, decoded_counts=r.iloc[:5])
    changes = find_changes(
        run(labels, answers, verdicts=full), later(labels, answers, verdicts=few)
    )
    assert told(changes)[0] == ("s0", "newly_failing", ["samples_changed"])


def test_what_nothing_explains_is_said_to_be_unexplained() -> None:
    before = run(tissues(a=LIVER))
    now = later(tissues(a=LIVER), verdicts=before.verdicts.assign(status="unclear"))
    changes = find_changes(before, now)
    assert told(changes) == [("a", "newly_unclear", ["unexplained"])]
    assert changes["sentence"][0] == (
        "a: tissue is unclear (passed before): nothing that is recorded of the two runs explains "
        "it."
    )


def test_a_label_that_can_no_longer_be_judged_is_told() -> None:
    unknown = stated("a", "tissue", None, "unknown") | {"provided_text": ""}
    changes = find_changes(run(tissues(a=LIVER)), later([unknown]))
    assert told(changes) == [("a", "no_longer_judged", ["label_changed"])]
    assert changes["sentence"][0].endswith("its label changed from 'liver' to nothing.")


def test_a_step_that_is_tried_again_keeps_what_it_found() -> None:
    before, now = run(tissues(a=LIVER)), later(tissues(a=BRAIN))
    changes = find_changes(before, now)
    again = find_changes(replace(now, run=before.run), now, held=changes)
    pd.testing.assert_frame_equal(again, changes)
    assert run_before(history(before, now), str(now.run["run_id"])) == before.run
    assert find_changes(now, later(tissues(a=BRAIN)), held=changes.iloc[:0]).empty


def test_a_dataset_may_gain_its_first_labels_and_lose_all() -> None:
    none = verdicts_on([], liver_and_blood())
    bare = run([], verdicts=none)
    labelled = later(tissues(a=LIVER))
    assert told(find_changes(bare, labelled)) == [("a", "added", ["sample_added"])]
    assert told(find_changes(labelled, bare)) == [("a", "removed", ["sample_removed"])]
    assert find_changes(bare, later([], verdicts=none)).empty


def test_runs_of_one_day_are_told_by_the_hour() -> None:
    before, now = run(tissues(a=LIVER)), run(tissues(a=LIVER), at=FIRST + timedelta(hours=2))
    changes = find_changes(before, now)
    assert headline(changes, history(before, now)) == (
        "No verdict changed since 2026-11-20 09:00 UTC."
    )


STATES = st.sampled_from([LIVER, BRAIN, BLOOD, None])


@settings(max_examples=25)
@given(st.lists(st.tuples(STATES, STATES), min_size=1, max_size=6))
def test_every_changed_status_is_told_once_with_a_reason(pairs: list[tuple[str, str]]) -> None:
    names = [f"s{i}" for i in range(len(pairs))]
    answers = liver_and_blood(**dict.fromkeys(names, SURE_LIVER))
    old, new = (
        [stated(name, "tissue", term, "id" if term else "unknown") for name, term in of.items()]
        for of in ({name: pair[i] for name, pair in zip(names, pairs, strict=True)} for i in (0, 1))
    )
    before, now = run(old, answers), later(new, answers)
    changes = find_changes(before, now)
    differs = before.verdicts["status"].ne(now.verdicts["status"])
    assert changes["sample_id"].tolist() == now.verdicts.loc[differs, "sample_id"].tolist()
    assert all(len(why) for why in changes["why"])
    assert not {"unexplained"} & {word for why in changes["why"] for word in why}


def test_the_tables_keep_their_contract() -> None:
    before, now = run(tissues(a=LIVER, b=BRAIN)), later(tissues(a=BRAIN, c=BLOOD))
    for changes in (find_changes(before, now), find_changes(None, before)):
        assert validate("qc_changes", changes).num_rows == len(changes)


def test_every_word_is_explained_in_a_sentence() -> None:
    assert set(CHANGE_EXPLANATIONS) == set(Change)
    assert set(CAUSE_EXPLANATIONS) == set(Cause)
    for sentence in [*CHANGE_EXPLANATIONS.values(), *CAUSE_EXPLANATIONS.values()]:
        assert sentence.endswith(".")
        assert sentence[0].isupper()


def test_the_numbers_of_a_run_can_be_plotted() -> None:
    before, now = run(tissues(a=LIVER, b=BRAIN)), later(tissues(a=BRAIN, b=BLOOD))
    runs = history(now, before)
    assert change_numbers(find_changes(before, now), runs) == {
        "since the last run": (
            "Since 2026-11-20: 1 label newly failing (label changed), 1 newly passing (label "
            "changed)."
        ),
        "newly failing": 1,
        "newly passing": 1,
    }
    rates = rate_numbers(runs)
    assert (rates["assessed"], rates["failed"], rates["warned"]) == (2, 1, 0)
    assert rates["flagged rate low"] < rates["flagged rate"] == 0.5 < rates["flagged rate high"]
    unjudged = run([stated("a", "tissue", None, "unknown")])
    assert rate_numbers(history(unjudged)) == {"assessed": 0, "failed": 0, "warned": 0}


def test_the_trend_shows_the_latest_runs_and_what_they_were_judged_by() -> None:
    runs = [
        run(tissues(a=BRAIN, b=BLOOD), at=FIRST),
        run(tissues(a=LIVER, b=BLOOD), at=FIRST + timedelta(days=1)),
        run([stated("a", "tissue", None, "unknown")], at=FIRST + timedelta(days=2)),
    ]
    runs[1] = replace(runs[1], run={**runs[1].run, "rules_version": "next"})
    table = trend_table(history(*runs[::-1]), runs=2)
    version = runs[0].run["rules_version"]
    _, _, latest, before = table.splitlines()
    assert latest.startswith(
        f"| 2026-11-22 09:00 | 0 | 0 | 0 | none judged | embedded-1 (embedded) | **{version}** |"
    )
    assert before.startswith(
        "| 2026-11-21 09:00 | 0 | 0 | 2 | 0% (0% to 66%) | embedded-1 (embedded) | **next** |"
    )
    assert trend_table(history(runs[0])).count("\n") == 2


@pytest.mark.parametrize("status", Status)
def test_every_status_has_words(status: Status) -> None:
    before = run(tissues(a=LIVER))
    now = later(tissues(a=LIVER), verdicts=before.verdicts.assign(status=str(status)))
    changes = find_changes(before, now)
    assert len(changes) == (status is not Status.PASS)
