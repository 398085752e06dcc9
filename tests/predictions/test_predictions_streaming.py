"""A dataset taken in pieces is the dataset taken whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions_lab import Lab, cohort, counts_of, hash_of
from scipy import sparse
from scripted_endpoint import GENES

from gem_assets.predictions.flow import predict_counts
from gem_assets.predictions.spool import spool_counts
from gem_assets.predictions.tables import SCHEMAS, prediction_pieces, prediction_tables

matrices = st.lists(st.lists(st.integers(0, 2**31 - 1), min_size=5, max_size=5), min_size=1)


@given(matrices, st.data())
def test_rows_on_disk_are_the_rows_in_memory(matrix: list[list[int]], data: Any) -> None:
    counts = sparse.csr_array(np.array(matrix, dtype=np.int32))
    cut = data.draw(st.integers(0, len(matrix)))
    wanted = data.draw(st.lists(st.integers(0, len(matrix) - 1)))
    with spool_counts(5) as rows:
        for part in (counts[:cut], counts[cut:]):
            rows.append(part)
        assert rows.shape == counts.shape
        found = rows[wanted]
    assert found.dtype == np.int32
    assert found.shape == (len(wanted), 5)
    assert np.array_equal(found.toarray(), np.array(matrix)[wanted].reshape(-1, 5))


def test_rows_of_other_genes_are_refused(tmp_path: Path) -> None:
    with (
        spool_counts(4, tmp_path) as rows,
        pytest.raises(ValueError, match="5 genes, expected 4"),
    ):
        rows.append(sparse.csr_array((2, 5), dtype=np.int32))
    assert list(tmp_path.iterdir()) == []


def test_pieces_put_together_are_the_tables(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = {**cohort(11), "copy": cohort(1)["s0"]}
    run = lab.predict(samples, chunk_size=3)
    whole = prediction_tables("study", list(samples), run, lab.store, counts_of(samples), "bulk")
    monkeypatch.setattr("gem_assets.predictions.tables.ROWS_AT_A_TIME", 1)
    with spool_counts(len(GENES)) as rows:
        rows.append(counts_of(samples))
        pieces = list(prediction_pieces("study", list(samples), run, lab.store, rows, "bulk"))
    assert len(pieces) > 1
    for name in SCHEMAS:
        assert pa.concat_tables([piece[name] for piece in pieces]).equals(whole[name])


def test_counts_on_disk_are_asked_as_those_in_memory(lab: Lab) -> None:
    samples = cohort(9)
    with (
        spool_counts(len(GENES)) as rows,
        lab.ledger() as ledger,
        lab.connection() as connection,
    ):
        rows.append(counts_of(samples))
        hashes = [hash_of(counts) for counts in samples.values()]
        run = predict_counts(
            connection, rows, list(samples), hashes, lab.model(), ledger, lab.store
        )
    assert run.failures == {}
    again = lab.predict(samples)
    assert (again.asked, again.files) == (0, run.files)


def test_a_file_of_many_batches_is_read_batch_by_batch(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gem_assets.predictions.store.ROWS_A_BATCH", 2)
    samples = cohort(7)
    run = lab.predict(samples, chunk_size=7)
    assert len(set(run.files.values())) == 1
    wanted = [run.keys[name] for name in ("s6", "s1", "s0", "s3")]
    tables = list(lab.store.read({key: run.files[key] for key in wanted}, ["notes"]))
    found = [table.column("content_key").to_pylist() for table in tables]
    assert max(map(len, found)) <= 2
    assert sorted(key for keys in found for key in keys) == sorted(wanted)
