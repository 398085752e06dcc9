"""One sentence about a dataset whose labels fail together, and none where they fail singly."""

from __future__ import annotations

import pandas as pd
import pytest
from qc_rows import BRAIN, HEART, LIVER, LYMPH_NODE, Answers, stated, verdicts_on

from gem_assets.qc.dataset_cause import DatasetCause, cause_finding, dataset_cause
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.shifts import Shift

SETTINGS = QcSettings()
ALL = {LIVER: 0.0, HEART: 0.0, BRAIN: 0.0, LYMPH_NODE: 0.0}


def verdicts(labels: list[str], predictions: list[str]) -> pd.DataFrame:
    answers = Answers()
    for i, prediction in enumerate(predictions):
        answers.probabilities(f"s{i}", "tissue", ALL | {prediction: 1.0})
    return verdicts_on([stated(f"s{i}", "tissue", term) for i, term in enumerate(labels)], answers)


def failing(n: int, of: int) -> pd.DataFrame:
    """Return n failing verdicts of varied predictions among a number of passing ones."""
    wrong = {HEART: LIVER, BRAIN: HEART, LIVER: BRAIN}
    labels = [list(wrong)[i % 3] for i in range(of)]
    return verdicts(labels, [wrong[term] if i < n else term for i, term in enumerate(labels)])


def cause_of(rows: pd.DataFrame, **tables: object) -> DatasetCause:
    found = dataset_cause(rows, SETTINGS, **tables)  # type: ignore[arg-type]  # keywords by name
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("failed", "judged", "suspected"),
    [
        (3, 10, False),  # 30 % is not more than 30 %
        (4, 10, True),
        (2, 5, False),  # one exchanged pair
        (3, 5, True),
        (4, 4, False),  # too few to tell
        (0, 10, False),
    ],
)
def test_a_dataset_is_suspected_above_thirty_percent_of_enough_samples(
    failed: int, judged: int, suspected: bool
) -> None:
    assert (dataset_cause(failing(failed, judged), SETTINGS) is not None) == suspected


def test_unjudged_samples_do_not_dilute_the_share() -> None:
    labels = [stated(f"unjudged{i}", "tissue", None, "unmapped") for i in range(20)]
    unjudged = verdicts_on(labels, Answers().named("s", "tissue", LIVER))
    found = cause_of(pd.concat([failing(4, 10), unjudged], ignore_index=True))
    assert (found.judged, found.failed, found.share) == (10, 4, 0.4)
    assert found.sample_ids == ("s0", "s1", "s2", "s3")


SORTED = (
    "compare the labels with their source (they may have been sorted by themselves, or joined by a "
    "wrong key)"
)


def test_without_proof_the_sentence_says_what_to_check() -> None:
    found = cause_of(failing(6, 10))
    assert found.cause == "unexplained"
    assert found.sentence == (
        "6 of 10 judged samples contradict their label: too many for single mistakes; "
        f"{SORTED}, and check the species and gene annotation of the counts."
    )


def test_what_was_looked_for_already_is_not_advised() -> None:
    aligned = pd.DataFrame({"sample_id": ["s0"], "matched_share": [0.99]})
    found = cause_of(failing(6, 10), shifts=[], aligned_counts=aligned)
    assert found.sentence.endswith(
        "too many for single mistakes, and no shift by up to 3 rows explains them; " + SORTED + "."
    )


def sexes(stated_: str, predicted: str, tissues: str = "") -> pd.DataFrame:
    """Return verdicts on sexes, by their first letters, and on livers predicted l or h."""
    answers, labels, full = Answers(), [], {"f": "female", "m": "male"}
    for i, (said, seen) in enumerate(zip(stated_, predicted, strict=True)):
        labels.append(stated(f"s{i}", "sex", full[said]))
        answers.probabilities(f"s{i}", "sex", {"female": 0.0, "male": 0.0} | {full[seen]: 1.0})
    for i, seen in enumerate(tissues):
        labels.append(stated(f"s{i}", "tissue", LIVER))
        answers.probabilities(f"s{i}", "tissue", ALL | {{"l": LIVER, "h": HEART}[seen]: 1.0})
    return verdicts_on(labels, answers)


def test_failing_sexes_alone_never_point_to_species_or_annotation() -> None:
    found = cause_of(sexes("fmfmfmfm", "mffmmffm"))
    assert found.cause == "unexplained"
    assert "species" not in found.sentence


def test_sexes_that_are_all_the_other_one_are_reversed() -> None:
    found = cause_of(sexes("fmffmm", "mfmmff"))
    assert found.cause == "sex_reversed"
    assert found.sentence == (
        "6 of 6 judged samples contradict their label: all 6 stated sexes, female and male, are "
        "predicted the other one, so the coding of sex may be reversed."
    )
    found = cause_of(sexes("fmffmmfmfm", "mfmmffmfmm", "llllllllll"))
    assert "9 of 10 stated sexes, female and male, are predicted the other one, while most " in (
        found.sentence
    )


@pytest.mark.parametrize(
    ("said", "seen", "tissues"),
    [
        ("fmfmfmfmfm", "mfmfmfmffm", ""),  # two of ten are right
        ("mmmmmm", "ffffff", ""),  # one sex only
        ("fmfmfm", "mfmfmf", "lhhlhl"),  # tissues fail, too
    ],
)
def test_sexes_are_not_reversed_where_something_else_is_wrong(
    said: str, seen: str, tissues: str
) -> None:
    assert cause_of(sexes(said, seen, tissues)).cause != "sex_reversed"


def test_a_label_that_all_samples_have_may_be_a_default() -> None:
    found = cause_of(verdicts([LIVER] * 8, [LIVER, HEART, BRAIN, LYMPH_NODE] * 2))
    assert found.cause == "one_label_for_all"
    assert found.sentence == (
        "6 of 8 judged samples contradict their label: tissue is stated liver for all 8 of them, "
        "while the predictions differ, so the column may have been filled in by default."
    )
    both = cause_of(sexes("mmmmmm", "mfmfmf", "lhhhhl"))
    assert both.cause == "one_label_for_all"
    assert "sex is stated male for all 6 and tissue is stated liver for all 6 of them" in (
        both.sentence
    )
    assert "these columns may have been filled in" in both.sentence


def test_one_label_that_few_of_the_failing_samples_hold_is_no_cause() -> None:
    tissues = failing(12, 12)
    same = sexes("mmmmmmmmmmmm", "ffffmmmmmmmm")
    assert cause_of(pd.concat([tissues, same], ignore_index=True)).cause == "unexplained"


def test_reads_off_the_models_genes_are_the_first_cause() -> None:
    aligned = pd.DataFrame({"sample_id": ["s0", "s1", "s2"], "matched_share": [0.4, 0.41, 0.95]})
    decoded = pd.DataFrame({"sample_id": ["s0"], "reconstruction_r": [0.1]})
    found = cause_of(failing(6, 10), aligned_counts=aligned, decoded_counts=decoded)
    assert found.cause == "genes_do_not_fit"
    assert "in the median sample only 41% of the reads lie on genes of the model" in found.sentence


def test_few_of_the_models_genes_are_a_cause() -> None:
    found = cause_of(failing(6, 10), model_genes_share=0.31)
    assert found.cause == "genes_do_not_fit"
    assert "the file holds only 31% of the model's genes" in found.sentence


def test_decoded_counts_unlike_the_input_are_a_cause() -> None:
    decoded = pd.DataFrame({"sample_id": ["s0", "s1"], "reconstruction_r": [0.2, 0.3]})
    found = cause_of(failing(6, 10), decoded_counts=decoded)
    assert found.cause == "values_or_order"
    assert "(r 0.25)" in found.sentence


def test_one_prediction_whatever_the_label_is_a_cause() -> None:
    labels = [LIVER, HEART, BRAIN] * 4
    found = cause_of(verdicts(labels, [LYMPH_NODE] * 12))
    assert found.cause == "one_prediction_for_all"
    assert "tissue is predicted lymph node for 12 of these samples" in found.sentence


def test_one_prediction_for_one_label_proves_nothing() -> None:
    assert cause_of(verdicts([LIVER] * 6, [LYMPH_NODE] * 6)).cause == "unexplained"


def test_good_tables_prove_nothing() -> None:
    found = cause_of(
        failing(6, 10),
        aligned_counts=pd.DataFrame({"sample_id": ["s0"], "matched_share": [0.99]}),
        decoded_counts=pd.DataFrame({"sample_id": ["s0"], "reconstruction_r": [None]}),
        model_genes_share=0.95,
    )
    assert found.cause == "unexplained"


def test_the_cause_is_one_finding_with_its_interval() -> None:
    found = cause_finding(cause_of(failing(6, 10)))
    assert (found.kind, found.reason, found.score) == ("dataset_cause", "unexplained", 0.6)
    assert found.ci_low < 0.6 < found.ci_high
    assert found.sample_ids == tuple(f"s{i}" for i in range(6))


@pytest.mark.parametrize(("alone", "cause"), [(True, "sheet_shifted"), (False, "unexplained")])
def test_labels_that_only_a_shift_explains_are_the_cause(alone: bool, cause: str) -> None:
    slipped = tuple(f"s{i}" for i in range(6))
    shift = Shift(
        rows=-2,
        fields=("tissue",),
        sample_ids=slipped,
        takes_from=(None,) * 6,
        contradicted=frozenset(slipped),
        places=5,
        log_ratio=30.0,
        alone=alone,
    )
    found = cause_of(failing(6, 10), shifts=[shift])
    assert found.cause == cause
    assert ("6 of them fit the label stated 2 rows above their own" in found.sentence) is alone
