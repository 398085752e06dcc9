"""What a dataset may say of how much a problem matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.problem_codes import CODES, Family, family_of
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.severities import IGNORE, accept, apply_severities, check_severities


def problem(code: str) -> InputProblem:
    return InputProblem(code, CODES[code].severity, "Found.", "Do.")


def refusal(stated: dict[str, str]) -> InputProblem:
    with pytest.raises(RefusedInputError) as refused:
        check_severities(stated, "x/dataset.yaml")
    return refused.value.problems[0]


def test_poor_coverage_may_be_lowered_to_a_warning() -> None:
    (told,) = accept([problem("few_model_genes")], {"few_model_genes": "warning"})
    assert told.severity is Severity.WARNING
    assert told.sentence == "Found."


def test_a_warning_may_refuse_and_comes_first_then() -> None:
    problems = [problem("few_reads"), problem("few_genes")]
    told = apply_severities(problems, {"few_genes": "error"})
    assert [p.code for p in told] == ["few_genes", "few_reads"]
    with pytest.raises(RefusedInputError) as refused:
        accept(problems, {"few_genes": "error"})
    assert refused.value.problems == told


def test_a_warning_may_be_ignored() -> None:
    assert accept([problem("few_reads")], {"few_reads": IGNORE}) == ()


def test_without_a_word_of_the_dataset_nothing_changes() -> None:
    problems = (problem("few_model_genes"), problem("few_reads"))
    assert apply_severities(problems, {}) == problems
    with pytest.raises(RefusedInputError):
        accept(problems)


def test_a_file_that_cannot_be_read_stays_an_error() -> None:
    found = refusal({"damaged_file": "warning"})
    assert found.code == "fixed_severity"
    assert found.sentence == (
        "x/dataset.yaml lowers damaged_file to 'warning', but it must stay an error."
    )


def test_what_a_dataset_may_lower_it_may_not_silence() -> None:
    found = refusal({"few_model_genes": "ignore"})
    assert found.code == "fixed_severity"
    assert "a warning at least" in found.sentence
    assert "error or warning" in found.action


def test_tpm_is_never_let_through() -> None:
    for code in ("tpm_like", "log_like", "scaled_counts", "equal_sums"):
        assert refusal({code: "warning"}).code == "fixed_severity"


@pytest.mark.parametrize(("name", "near"), [("few_gene", "few_genes"), ("TPM_like", "tpm_like")])
def test_an_unknown_code_is_refused_with_the_nearest(name: str, near: str) -> None:
    found = refusal({name: "warning"})
    assert found.code == "unknown_severity"
    assert repr(name) in found.sentence
    assert found.action == f"Did you mean {near!r}?"


def test_an_unknown_code_like_no_other_is_sent_to_the_list() -> None:
    assert refusal({"zzzzzz": "warning"}).action.endswith("docs/problems.md.")


def test_a_word_that_is_no_severity_is_refused_with_those_that_are() -> None:
    found = refusal({"few_genes": "off"})
    assert "'off'" in found.sentence
    assert found.action == "few_genes may be error or warning or ignore."


def test_saying_what_is_so_anyway_is_allowed() -> None:
    check_severities({name: code.severity.value for name, code in CODES.items()})


@given(
    st.dictionaries(st.sampled_from(sorted(CODES)), st.sampled_from(["error", "warning", "ignore"]))
)
def test_no_dataset_can_let_a_fixed_error_pass(stated: dict[str, str]) -> None:
    fixed = [problem(c.name) for c in CODES.values() if c.severity == "error" and not c.changeable]
    try:
        told = apply_severities(fixed, stated)
    except RefusedInputError:
        return
    assert all(p.severity is Severity.ERROR for p in told)
    assert len(told) == len(fixed)


def test_a_code_of_a_reader_of_someone_elses_is_about_the_file() -> None:
    assert family_of("my_own_code") is Family.FILE
    assert family_of("few_genes") is Family.DEPTH
