"""What the embedded endpoint accepts as a request, and what it says of the rest."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.embedded.model import DecodingOptions
from gem_assets.embedded.prediction_requests import (
    LARGEST_COUNT,
    MOST_ERRORS,
    InvalidRequestError,
    MalformedRequestError,
    read_request,
)


def complaints(body: object, n_genes: int = 3) -> dict[str, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequestError) as caught:
        read_request(raw, n_genes)
    return {error.path: error.message for error in caught.value.errors}


def test_counts_and_options_are_read() -> None:
    body = {
        "inputs": [{"counts": [1, 0, 2]}, {"counts": [0, 0, 5], "name": "ours"}],
        "seed": 42,
        "source": "pysynthbio",
        "total_count": 10,
        "deterministic_latents": True,
        "of the future": {},
    }
    request = read_request(json.dumps(body).encode(), 3)
    assert request.counts.toarray().tolist() == [[1, 0, 2], [0, 0, 5]]
    assert request.options == DecodingOptions(42, 10, deterministic=True)


def test_options_may_be_absent_or_null() -> None:
    assert read_request(b'{"inputs": [{"counts": [1]}]}', 1).options == DecodingOptions()
    body = b'{"inputs": [{"counts": [1]}], "seed": null, "total_count": null}'
    assert read_request(body, 1).options == DecodingOptions()


@given(st.lists(st.integers(0, LARGEST_COUNT - 1), min_size=3, max_size=3))
def test_whole_numbers_pass_in_either_spelling(counts: list[int]) -> None:
    as_floats = [float(c) for c in counts]
    for spelled in (counts, as_floats):
        body = json.dumps({"inputs": [{"counts": spelled}]}).encode()
        assert np.array_equal(read_request(body, 3).counts.toarray()[0], counts)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"not json", b'{"inputs": [{"counts": [NaN]}]}', b"\xff\xfe{}"]
)
def test_a_body_that_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="not JSON"):
        read_request(body, 3)


@pytest.mark.parametrize("body", [[], 3, "inputs", None])
def test_the_body_must_be_an_object(body: object) -> None:
    assert list(complaints(body)) == [""]


@pytest.mark.parametrize(
    ("inputs", "path", "message"),
    [
        (None, "inputs", "list"),
        ({}, "inputs", "list"),
        ([], "inputs", "at least one"),
        ([3], "inputs[0].counts", "object"),
        ([{}], "inputs[0].counts", "list of 3"),
        ([{"counts": {"a": 1}}], "inputs[0].counts", "list of 3"),
        ([{"counts": [1, 2]}], "inputs[0].counts", "expected 3 values, got 2"),
        ([{"counts": [1, 2.5, 3, 4]}], "inputs[0].counts", "expected 3 values, got 4"),
        ([{"counts": [1, -2, 3]}], "inputs[0].counts", "value 1 is -2"),
        ([{"counts": [1, 2, 3.5]}], "inputs[0].counts", "value 2 is 3.5"),
        ([{"counts": [1, "2", 3]}], "inputs[0].counts", 'value 1 is "2"'),
        ([{"counts": [True, 2, 3]}], "inputs[0].counts", "value 0 is true"),
        ([{"counts": [1, None, 3]}], "inputs[0].counts", "value 1 is null"),
        ([{"counts": [1, 2, 10**30]}], "inputs[0].counts", "below"),
        ([{"counts": [1, 2, 3]}, {"counts": [1]}], "inputs[1].counts", "got 1"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(inputs: object, path: str, message: str) -> None:
    told = complaints({"inputs": inputs})
    assert list(told) == [path]
    assert message in told[path]


def test_a_number_too_large_for_any_float_is_no_count() -> None:
    assert complaints(b'{"inputs": [{"counts": [1, 1e999, 2]}]}') == {
        "inputs[0].counts": "value 1 is 1e999, not a count"
    }


def test_missing_inputs_are_told() -> None:
    assert list(complaints({"seed": 1})) == ["inputs"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", "x"),
        ("seed", 1.5),
        ("total_count", 0),
        ("total_count", -3),
        ("total_count", 10**13),
        ("deterministic_latents", 1),
    ],
)
def test_options_of_the_wrong_kind_are_told(option: str, value: object) -> None:
    assert list(complaints({"inputs": [{"counts": [1, 2, 3]}], option: value})) == [option]


def test_all_faults_are_told_at_once_up_to_a_limit() -> None:
    told = complaints({"inputs": [{"counts": []}, {"counts": [0, 0, -1]}], "seed": "x"})
    assert set(told) == {"seed", "inputs[0].counts", "inputs[1].counts"}
    assert len(complaints({"inputs": [{}] * (MOST_ERRORS + 50)})) == MOST_ERRORS
