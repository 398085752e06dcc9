"""The words of the protocol, as they are written and as they drift."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from endpoint_server import GENES, result_of
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from gem_assets.endpoint.control import (
    decode_models,
    decode_refusal,
    decode_status,
    decode_submitted,
)
from gem_assets.endpoint.errors import BadAnswer, QueryFailed
from gem_assets.endpoint.messages import PredictionAnswer, decode_answer
from gem_assets.endpoint.queries import ROWS_AT_A_TIME, decode_example, encode_query


def answer(samples: int | None = None, **changes: Any) -> PredictionAnswer:
    return decode_answer(json.dumps(result_of(**changes)).encode(), samples)


def output(**changes: Any) -> dict[str, Any]:
    return result_of()["outputs"][0] | changes


@given(
    st.integers(1, 4).flatmap(
        lambda genes: st.lists(
            st.lists(st.integers(0, 2**31 - 1), min_size=genes, max_size=genes),
            min_size=1,
            max_size=2 * ROWS_AT_A_TIME,
        )
    ),
    st.sampled_from([np.int32, np.uint32, np.int64, np.float64]),
)
def test_a_query_holds_the_dense_counts_of_every_sample(rows: list[list[int]], kind: type) -> None:
    counts = sparse.csr_array(np.array(rows, dtype=kind))
    query = json.loads(encode_query(counts, 42, {"deterministic_latents": True}))
    assert query == {
        "inputs": [{"counts": row} for row in rows],
        "seed": 42,
        "source": "gem-assets",
        "deterministic_latents": True,
    }


def test_a_query_of_any_length_holds_every_sample_once() -> None:
    counts = sparse.csr_array(np.arange(1, 2 * ROWS_AT_A_TIME + 2)[:, np.newaxis])
    inputs = json.loads(encode_query(counts, 42))["inputs"]
    assert [sample["counts"] for sample in inputs] == counts.toarray().tolist()


def test_genes_may_stand_in_any_order() -> None:
    counts = sparse.csr_array((np.array([1500, 7, 2]), np.array([3, 0, 1]), np.array([0, 3])))
    assert json.loads(encode_query(counts, 42))["inputs"] == [{"counts": [7, 2, 0, 1500]}]


def test_numbers_beyond_32_bits_are_written_whole() -> None:
    counts = sparse.csr_array(np.array([[10**15 + 7, 0, 10**12]]))
    assert json.loads(encode_query(counts, 42))["inputs"] == [{"counts": [10**15 + 7, 0, 10**12]}]


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan, np.inf])
def test_what_is_no_count_is_not_sent(value: float) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        encode_query(sparse.csr_array(np.array([[value, 1.0]])), 42)


def test_no_samples_are_not_a_query() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        encode_query(sparse.csr_array((0, 3), dtype=np.int32), 42)


def test_a_parameter_can_not_replace_the_inputs() -> None:
    with pytest.raises(ValueError, match="inputs can't be given"):
        encode_query(sparse.csr_array(np.ones((1, 2))), 42, {"inputs": None})


def test_a_result_as_gem_1_gives_it() -> None:
    got = answer(samples=1)
    assert got.gene_order == tuple(GENES)
    assert got.model_version == "2"
    (sample,) = got.outputs
    assert sample.metadata == {
        "tissue_ontology_id": "UBERON:0002107",
        "sex": "male",
        "age_years": 43.1,
    }
    assert sample.classifier_probs == {"sex": {"male": 0.9, "female": 0.1}}
    assert sample.latents == {"biological": [0.5, -1.0], "technical": [0.0], "perturbation": []}
    assert sample.counts is not None
    assert sample.counts.dtype == np.int32
    assert sample.counts.tolist() == [3, 0, 17, 1]


def test_a_result_as_gem_2_gives_it() -> None:
    gem_2 = {
        "predicted_metadata": {"sex": "female"},
        "classifier_probabilities": {"sex": {"female": 1}},
        "latents": {"encoded": [1, 2]},
    }
    got = decode_answer(json.dumps({"outputs": [gem_2], "release": "x"}).encode())
    assert got.gene_order is None
    assert got.model_version is None
    (sample,) = got.outputs
    assert sample.metadata == {"sex": "female"}
    assert sample.classifier_probs == {"sex": {"female": 1.0}}
    assert sample.latents == {"encoded": [1.0, 2.0]}
    assert sample.counts is None


@pytest.mark.parametrize("decoder_sample", [None, {}, [], {"counts": None}, {"counts": []}])
def test_a_sample_without_decoded_counts_costs_no_other_sample_its_own(
    decoder_sample: object,
) -> None:
    got = answer(outputs=[output(), output(decoder_sample=decoder_sample), output()])
    assert [sample.counts is None for sample in got.outputs] == [False, True, False]


def test_an_absent_decoder_sample_is_no_fault() -> None:
    bare = output()
    del bare["decoder_sample"]
    assert answer(outputs=[bare]).outputs[0].counts is None


def test_empty_parts_and_unknown_keys_are_no_fault() -> None:
    got = answer(
        outputs=[{"novel": [1]}, {"metadata": None, "classifier_probs": None, "latents": None}],
        novel={"a": 1},
        gene_order=None,
    )
    for sample in got.outputs:
        assert (sample.metadata, sample.classifier_probs, sample.latents) == ({}, {}, {})


def test_a_null_probability_is_dropped_and_not_taken_for_zero() -> None:
    probs = {"sex": {"male": 0.7, "female": None}, "tissue_ontology_id": None}
    (sample,) = answer(outputs=[output(classifier_probs=probs)]).outputs
    assert sample.classifier_probs == {"sex": {"male": 0.7}}


def test_metadata_and_latents_of_other_shapes_are_left_out() -> None:
    metadata = {"sex": "male", "age_years": None, "study": ["a", "b"], "perturbation": {"x": 1}}
    (sample,) = answer(outputs=[output(metadata=metadata, latents={"technical": None})]).outputs
    assert sample.metadata == {"sex": "male", "age_years": None}
    assert sample.latents == {}


@pytest.mark.parametrize("version", ["2", 2])
def test_a_version_is_text(version: object) -> None:
    assert answer(model_version=version).model_version == "2"


def test_whole_number_floats_are_counts() -> None:
    (sample,) = answer(outputs=[output(decoder_sample={"counts": [1.0, 0, 2.0, 3]})]).outputs
    assert sample.counts is not None
    assert sample.counts.tolist() == [1, 0, 2, 3]


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ([1, 2, 3], "decoder_sample of output 1 has 3 counts for 4 genes"),
        ([1, 2, 3, -4], "no whole numbers of 0 to 2147483647"),
        ([1, 2, 3, 0.5], "no whole numbers"),
        ([1, 2, 3, 2**31], "no whole numbers"),
        ([1, 2, 3, "4"], "Expected `float`, got `str`"),
    ],
)
def test_decoded_counts_that_are_none_are_refused(counts: list[object], sentence: str) -> None:
    bad = output(decoder_sample={"counts": counts})
    with pytest.raises(BadAnswer, match=sentence.replace("output 1", "output 0")):
        answer(outputs=[bad])
    one, other = answer(outputs=[output(), bad]).outputs
    assert one.fault is None
    assert other.fault is not None
    assert re.search(sentence, other.fault)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_cost_their_own_place_only(word: str) -> None:
    probs = {"sex": {"male": 0.75, "female": 0.25, "a NaN in a name": 0.0}}
    body = json.dumps({"outputs": [output(classifier_probs=probs)]}).replace("0.25", word)
    (sample,) = decode_answer(body.encode()).outputs
    assert sample.classifier_probs == {"sex": {"male": 0.75, "a NaN in a name": 0.0}}


def test_a_latent_that_is_no_number_costs_its_sample_only() -> None:
    outputs = [output(latents={"biological": [float("nan"), 1.0]}), output()]
    one, other = decode_answer(json.dumps({"outputs": outputs}).encode(), 2).outputs
    assert one.fault is not None
    assert "$.latents" in one.fault
    assert (other.fault, other.latents) == (None, output()["latents"])


def test_outputs_of_another_number_are_no_better_for_being_odd() -> None:
    outputs = [output(latents={"biological": [float("nan")]}), output()]
    with pytest.raises(BadAnswer):
        decode_answer(json.dumps({"outputs": outputs}).encode(), 3)


def test_outputs_must_be_as_many_as_samples() -> None:
    with pytest.raises(BadAnswer, match="1 outputs for 2 samples"):
        answer(samples=2)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>", "JSON is malformed"),
        (b'{"outputs": [{"latents": {"technical": ["secret"]}}]}', r"outputs\[0\]\.latents"),
        (b"[]", "Expected `object`"),
        (b'{"gene_order": ["\xff"]}', "UnicodeDecodeError"),
        (b'{"error": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "RecursionError"),
        (b"{}", "has no outputs"),
        (b'{"outputs": null}', "has no outputs"),
    ],
)
def test_what_is_no_result_is_refused_with_the_place_and_without_its_content(
    body: bytes, sentence: str
) -> None:
    with pytest.raises(BadAnswer, match=sentence) as caught:
        decode_answer(body)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "report",
    [
        {"error": "out of memory\nTraceback (most recent"},
        {"errors": [{"m": "out of memory"}]},
    ],
)
def test_an_error_report_in_place_of_a_result_is_a_failure(report: dict[str, object]) -> None:
    with pytest.raises(QueryFailed, match="out of memory") as caught:
        decode_answer(json.dumps(report).encode())
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    "listing",
    [{"models": [{"model_id": "a", "x": 1}, {"model_id": "b"}]}, [{"model_id": "a"}, "b"]],
)
def test_models_are_listed_in_an_object_or_plainly(listing: object) -> None:
    assert decode_models(json.dumps(listing).encode()) == ("a", "b")


def test_an_example_is_passed_on_as_it_is_but_for_its_source() -> None:
    query = {"inputs": [{"counts": [1, 2, 3.0], "x": 1}], "seed": 9, "source": "docs"}
    for shown in ({"example_query": query}, query):
        example = decode_example(json.dumps(shown).encode())
        assert (example.samples, example.n_genes) == (1, 3)
        assert json.loads(example.body) == query | {"source": "gem-assets"}


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [([], "no inputs"), ([{"counts": [1]}, {"counts": [1, 2]}], "different lengths")],
)
def test_an_example_that_is_none_is_refused(inputs: list[object], sentence: str) -> None:
    with pytest.raises(BadAnswer, match=sentence):
        decode_example(json.dumps({"example_query": {"inputs": inputs}}).encode())


def test_a_query_id_may_be_a_number() -> None:
    assert decode_submitted(b'{"modelQueryId": 17}') == "17"
    assert decode_submitted(b'{"modelQueryId": " abc "}') == "abc"


@pytest.mark.parametrize("query_id", ["", "  ", "a\nb", "x" * 201])
def test_a_query_id_that_no_message_can_hold_is_refused(query_id: str) -> None:
    with pytest.raises(BadAnswer, match="modelQueryId"):
        decode_submitted(json.dumps({"modelQueryId": query_id}).encode())


@pytest.mark.parametrize("word", ["queued", "running", "pending", "READY", "warming up"])
def test_any_word_but_ready_and_failed_means_in_progress(word: str) -> None:
    status = decode_status(json.dumps({"status": word}).encode())
    assert not status.final


def test_a_status_shows_no_address() -> None:
    status = decode_status(b'{"status": "ready", "downloadUrl": "https://h/?sig=1"}')
    assert status.ready
    assert status.download_url == "https://h/?sig=1"
    assert "sig" not in repr(status)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"plain words", "plain words"),
        (b'{"detail": "not ours"}', '{"detail": "not ours"}'),
        (b'{"error": "bad", "errors": null}', '{"error": "bad", "errors": null}'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"error": ' + b"[" * 5000, '{"error": ' + "[" * 490 + "…"),
        (b"", ""),
    ],
)
def test_a_refusal_is_quoted_whatever_its_form(body: bytes, said: str) -> None:
    assert decode_refusal(body) == (said, ())


@pytest.mark.parametrize(
    ("path", "sample"),
    [
        ("inputs[1].counts", 1),
        ("inputs.12.counts", 12),
        ("inputs[3]", 3),
        ("inputs", None),
        ("seed", None),
        ("inputs[x].counts", None),
    ],
)
def test_a_validation_error_names_its_sample(path: str, sample: int | None) -> None:
    body = {"error": "Invalid", "errors": [{"path": path, "message": "wrong"}]}
    said, (fault,) = decode_refusal(json.dumps(body).encode())
    assert said == "Invalid"
    assert fault.sample == sample
    assert str(fault) == f"{path}: wrong"
