"""Lists of whole numbers in JSON, read many at a time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.endpoint.integers import IntegerReader
from gem_assets.endpoint.lifted_counts import LIFTED, lift_counts
from gem_assets.endpoint.messages import decode_answer

numbers = (
    st.integers(0, 12) | st.integers(0, 2**31 - 1) | st.sampled_from([999, 1000, 10**6, 10**9])
)


@given(st.lists(st.integers(0, 99_999_999), min_size=1), st.sampled_from([",", ", ", " ,\n\t"]))
def test_numbers_are_read_as_they_were_written(values: list[int], separator: str) -> None:
    found = IntegerReader().read(separator.join(map(str, values)).encode())
    assert found is not None
    assert found.dtype == np.int32
    assert found.tolist() == values


@pytest.mark.parametrize(
    "text", ["", " ", "1,", ",1", "1,,2", "-1", "1.0", "1e3", "null", "1000000000"]
)
def test_what_is_not_written_in_up_to_eight_digits_is_read_in_another_way(text: str) -> None:
    assert IntegerReader().read(text.encode()) is None


def test_a_reader_keeps_nothing_of_the_list_before() -> None:
    reader = IntegerReader()
    for values in ([99_999_999] * 50, [1], [2, 30], [0] * 5000):
        found = reader.read(",".join(map(str, values)).encode())
        assert found is not None
        assert found.tolist() == values


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 10**9)
    | st.text(max_size=9)
    | st.just('"counts":[1]'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["counts", "a", 'x"counts', "\\"]), inner, max_size=3)
        | st.fixed_dictionaries({"counts": st.lists(numbers, max_size=5)})
    ),
    max_leaves=12,
)


def put_back(value: object, lifted: list[np.ndarray]) -> object:
    if isinstance(value, list):
        return [put_back(item, lifted) for item in value]
    if isinstance(value, dict):
        return {
            "counts" if key == LIFTED else key: lifted[item].tolist()
            if key == LIFTED
            else put_back(item, lifted)
            for key, item in value.items()
        }
    return value


@given(json_values, st.sampled_from([(",", ":"), (", ", ": ")]))
def test_what_is_lifted_and_what_is_left_are_the_whole(
    value: object, separators: tuple[str, str]
) -> None:
    rest, lifted = lift_counts(json.dumps(value, separators=separators).encode())
    assert put_back(json.loads(rest), lifted) == value


@given(st.binary(max_size=40) | st.just(b'{"counts":[1,2') | st.just(b'"counts":[1]]'))
def test_broken_json_stays_broken(body: bytes) -> None:
    rest, lifted = lift_counts(body)
    if not lifted:
        assert rest == body


def test_counts_elsewhere_than_in_decoder_samples_are_no_fault() -> None:
    output = {"decoder_sample": {"counts": [1, 2]}, "counts": [9]}
    body = {"outputs": [output, output], "novel": {"counts": [5]}, "gene_order": ["a", "b"]}
    for sample in decode_answer(json.dumps(body).encode()).outputs:
        assert sample.counts is not None
        assert sample.counts.tolist() == [1, 2]


@pytest.mark.parametrize("place", [0, 1, 7, -1])
def test_a_reference_of_the_servers_own_leads_nowhere(place: int) -> None:
    outputs = [{"decoder_sample": {LIFTED: place}}, {"decoder_sample": {"counts": [4]}}]
    found = decode_answer(json.dumps({"outputs": outputs}).encode()).outputs
    assert found[0].counts is None
    assert found[1].counts is not None
    assert found[1].counts.tolist() == [4]
