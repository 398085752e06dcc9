from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.predictions.keys import Question, public_base_url

texts = st.text(max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
questions = st.builds(
    Question,
    served_by=texts,
    base_url=st.just("https://app.example"),
    model_id=texts,
    model_version=texts,
    gene_order_hash=texts,
    seed=st.integers(),
    parameters=st.dictionaries(
        texts,
        texts
        | st.integers()
        | st.booleans()
        | st.none()
        | st.floats(allow_nan=False, allow_infinity=False),
    ),
)
QUESTION = Question("hosted", "https://app.example", "gem-1", "2", "sha256:0", 42)


@given(questions, texts, questions, texts)
def test_two_questions_share_a_key_only_if_they_are_the_same(
    one: Question, counts: str, other: Question, other_counts: str
) -> None:
    # repr tells 1, 1.0 and True apart, which == does not.
    same = repr((replace(one, parameters=sorted(one.parameters.items(), key=str)), counts)) == repr(  # type: ignore[arg-type]
        (replace(other, parameters=sorted(other.parameters.items(), key=str)), other_counts)  # type: ignore[arg-type]
    )
    assert (one.key(counts) == other.key(other_counts)) == same


@given(questions, texts)
def test_a_key_is_64_hex_digits(question: Question, counts: str) -> None:
    assert len(question.key(counts)) == 64
    int(question.key(counts), 16)


@pytest.mark.parametrize(
    "change",
    [
        {"served_by": "embedded"},
        {"base_url": "https://other.example"},
        {"model_id": "gem-2"},
        {"model_version": "3"},
        {"gene_order_hash": "sha256:1"},
        {"seed": 43},
        {"parameters": {"deterministic_latents": True}},
    ],
)
def test_each_part_of_the_question_changes_the_key(change: dict[str, object]) -> None:
    assert replace(QUESTION, **change).key("c") != QUESTION.key("c")  # type: ignore[arg-type]


def test_the_key_of_a_question_never_changes() -> None:
    # If this fails, everything that users have in their stores is asked and paid for anew.
    question = replace(QUESTION, parameters={"b": 1.5, "a": None})
    assert question.key("00ff") == (
        "e828af0b79bf0b169195dd0f4410a2307294cffa64784fb255391c5740c0c270"
    )


def test_the_order_of_parameters_does_not_matter() -> None:
    one = replace(QUESTION, parameters={"a": 1, "b": 2})
    assert one.key("c") == replace(QUESTION, parameters={"b": 2, "a": 1}).key("c")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_parameter_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(QUESTION, parameters={"a": value})


@pytest.mark.parametrize(
    ("given_url", "written"),
    [
        ("https://App.Example/", "https://app.example"),
        ("https://user:hush@app.example:8443/gem/", "https://app.example:8443/gem"),
        ("https://app.example/gem?signature=hush#part", "https://app.example/gem"),
        ("embedded:", "embedded:"),
    ],
)
def test_an_address_is_written_without_secrets_and_in_one_spelling(
    given_url: str, written: str
) -> None:
    assert public_base_url(given_url) == written
    assert replace(QUESTION, base_url=given_url).base_url == written
