from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gem_assets.endpoint.messages import SampleOutput
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.answers import ANSWER_SCHEMA, answer_rows
from gem_assets.predictions.errors import UnreadableFileError
from gem_assets.predictions.keys import Question
from gem_assets.predictions.store import Store

QUESTION = Question("hosted", "https://app.example", "gem-1", "2", "sha256:0", 42)
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

names = st.text(min_size=1, max_size=8)
outputs = st.builds(
    SampleOutput,
    metadata=st.dictionaries(
        names,
        names | st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=True),
        max_size=4,
    ),
    classifier_probs=st.dictionaries(
        names,
        st.dictionaries(names, st.floats(-0.1, 1) | st.sampled_from([np.nan, np.inf]), max_size=4),
        max_size=3,
    ),
    latents=st.dictionaries(names, st.lists(st.floats(width=32), max_size=4), max_size=2),
    counts=st.none()
    | st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=6).map(
        lambda counts: np.array(counts, dtype=np.int32)
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "predictions")


def rows_of(*hashes: str) -> pa.Table:
    output = SampleOutput({"sex": "male"}, {"sex": {"male": 1.0}}, {"z": [1.0]}, None)
    return answer_rows(QUESTION, hashes, [output] * len(hashes), WHEN)


# -- rows ------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(outputs, max_size=4))
def test_what_is_written_is_what_is_read(store: Store, given_outputs: list[SampleOutput]) -> None:
    hashes = [f"counts {i}" for i in range(len(given_outputs))]
    rows = answer_rows(QUESTION, hashes, given_outputs, WHEN)
    name = store.write(rows)
    files = dict.fromkeys(rows.column("content_key").to_pylist(), name)
    read = pa.concat_tables([ANSWER_SCHEMA.empty_table(), *Store(store.folder).read(files)])
    # repr: NaN is NaN here.
    assert repr(read.to_pylist()) == repr(rows.to_pylist())


@given(outputs)
def test_kept_probabilities_descend_and_sum_to_one(output: SampleOutput) -> None:
    (row,) = answer_rows(QUESTION, ["c"], [output], WHEN).to_pylist()
    for field in row["classifier_probs"]:
        assert sum(field["probability"]) == pytest.approx(1)
        assert field["probability"] == sorted(field["probability"], reverse=True)
        assert set(field["value"]) <= set(output.classifier_probs[field["name"]])


@pytest.mark.parametrize(
    ("given_probs", "kept", "note"),
    [
        ({"a": 0.25, "b": 0.75}, {"b": 0.75, "a": 0.25}, None),
        ({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}, None),
        ({"a": 0.3333, "b": 0.6666}, {"b": 2 / 3, "a": 1 / 3}, None),
        ({"a": 1.0, "b": 3.0}, {"b": 0.75, "a": 0.25}, "summed to 4 and were brought to 1"),
        ({"a": float("nan"), "b": 1.0}, {"b": 1.0}, "1 of 2 probabilities were negative or no"),
        ({"a": -0.5, "b": 1.0}, {"b": 1.0}, "1 of 2 probabilities were negative or no"),
        ({"a": 0.0}, None, "no probability was above 0"),
        ({}, None, None),
    ],
)
def test_what_is_no_probability_is_dropped_with_a_note(
    given_probs: dict[str, float], kept: dict[str, float] | None, note: str | None
) -> None:
    output = SampleOutput({}, {"sex": given_probs}, {}, None)
    (row,) = answer_rows(QUESTION, ["c"], [output], WHEN).to_pylist()
    fields = [dict(zip(f["value"], f["probability"], strict=True)) for f in row["classifier_probs"]]
    assert fields == ([] if kept is None else [pytest.approx(kept)])
    assert [list(field) for field in fields] == ([] if kept is None else [list(kept)])
    assert len(row["notes"]) == (note is not None)
    assert note is None or note in row["notes"][0]


def test_as_many_outputs_as_samples_are_needed() -> None:
    with pytest.raises(ValueError, match="1 outputs for 2 samples"):
        answer_rows(QUESTION, ["a", "b"], [SampleOutput({}, {}, {}, None)], WHEN)


# -- files -----------------------------------------------------------------------------------------


def test_keys_are_read_across_files_in_the_order_asked(store: Store) -> None:
    files = {}
    for hashes in (("a", "b", "c"), ("d",), ("e", "f")):
        name = store.write(rows_of(*hashes))
        files.update({QUESTION.key(h): name for h in hashes})
    wanted = [QUESTION.key(h) for h in "caf"]
    tables = list(store.read({key: files[key] for key in wanted}, ["model_id"]))
    assert [table.column("content_key").to_pylist() for table in tables] == [
        wanted[:2],
        wanted[2:],
    ]
    assert tables[0].column_names == ["content_key", "model_id"]


def test_the_same_answers_are_one_file(store: Store) -> None:
    assert store.write(rows_of("a")) == store.write(rows_of("a"))
    assert len(list(store.folder.iterdir())) == 1


def test_a_store_that_was_never_written_is_empty(store: Store) -> None:
    assert store.names() == set()
    assert store.gene_order("sha256:0") is None
    assert not store.folder.exists()


def test_strangers_in_the_folder_are_not_answers(store: Store) -> None:
    name = store.write(rows_of("a"))
    for stranger in ("notes.txt", ".0.tmp", f"{name}.unreadable"):
        (store.folder / stranger).write_text("x")
    assert store.names() == {name}


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_file_is_named_and_moved_aside(store: Store, damage: str) -> None:
    name = store.write(rows_of("a"))
    path = store.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"cut": content[:-10], "flip": content, "empty": b""}[damage]
    path.write_bytes(damaged)
    later = Store(store.folder)
    with pytest.raises(UnreadableFileError, match=name) as raised:
        later.keys(name)
    assert raised.value.path == path
    assert later.names() == set()
    assert path.with_name(f"{name}.unreadable").read_bytes() == damaged


def test_an_absent_file_is_unreadable(store: Store) -> None:
    with pytest.raises(UnreadableFileError, match="can't be read"):
        list(store.read({"key": f"{'0' * 64}.arrow"}))


def test_a_file_without_the_key_that_it_should_hold_is_told(store: Store) -> None:
    name = store.write(rows_of("a"))
    with pytest.raises(UnreadableFileError, match="doesn't hold"):
        list(store.read({"another key": name}))


@pytest.mark.parametrize("name", ["../ledger.sqlite", "/etc/passwd", "a.arrow"])
def test_names_lead_nowhere_else(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a file of answers"):
        store.keys(name)


def test_a_write_that_fails_leaves_nothing_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_is_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device", descriptor)

    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(OSError, match="No space left"):
        store.write(rows_of("a"))
    assert list(store.folder.iterdir()) == []


# -- gene orders -----------------------------------------------------------------------------------


def test_a_gene_order_is_kept_under_its_hash(store: Store) -> None:
    order = ("ENSG2", "ENSG1")
    store.keep_gene_order(hash_gene_ids(order), order)
    store.keep_gene_order(hash_gene_ids(order), order)
    assert Store(store.folder).gene_order(hash_gene_ids(order)) == order
    assert store.names() == set()


def test_a_damaged_gene_order_counts_as_absent(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    order = ("ENSG2", "ENSG1")
    store.keep_gene_order(hash_gene_ids(order), order)
    (path,) = (store.folder / "gene_orders").iterdir()
    path.write_text("ENSG2")
    assert store.gene_order(hash_gene_ids(order)) is None
    assert str(path) in caplog.text
