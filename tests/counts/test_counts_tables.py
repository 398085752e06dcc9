"""Counts go into the warehouse's rows and come back as they were."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from gem_assets.counts.intake import take_in_counts
from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.tables import matrix_of_tables, raw_counts_table, raw_genes_table
from gem_assets.problems import RefusedInputError
from gem_assets.settings import Modality
from gem_assets.warehouse import validate

whole = arrays(
    np.int32, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.integers(0, 9)
)


def matrix_of(dense: np.ndarray, symbols: tuple[str, ...] | None = None) -> CountMatrix:
    n, m = dense.shape
    return CountMatrix(
        tuple(f"s{i}" for i in range(n)),
        tuple(f"ENSG{i:011d}" for i in range(m)),
        sparse.csr_array(dense),
        symbols,
    )


def raw_tables(matrix: CountMatrix, modality: Modality) -> dict[str, pa.Table]:
    return {
        "raw_genes": raw_genes_table("d", matrix),
        "raw_counts": raw_counts_table("d", matrix, modality),
    }


@given(whole, st.sampled_from(["bulk", "sc"]), st.booleans())
def test_a_matrix_survives_its_tables(dense: np.ndarray, modality: str, named: bool) -> None:
    symbols = tuple(f"G{i}" for i in range(dense.shape[1])) if named else None
    matrix = matrix_of(dense, symbols)
    tables = raw_tables(matrix, modality)  # type: ignore[arg-type]
    for name, rows in tables.items():
        validate(name, rows, modality=modality)  # type: ignore[arg-type]
    back = matrix_of_tables(tables["raw_counts"], tables["raw_genes"])
    assert (back.sample_ids, back.gene_ids) == (matrix.sample_ids, matrix.gene_ids)
    assert back.gene_symbols == symbols
    assert np.array_equal(back.counts.toarray(), dense)
    assert tables["raw_counts"]["total_count"].to_pylist() == dense.sum(axis=1).tolist()


def test_fractions_are_kept_in_bulk_and_rounded_half_to_even_in_single_cells() -> None:
    matrix = matrix_of(np.array([[2.9, 30.6, 0.5, 1.5, 2.5]]))
    bulk, sc = (raw_tables(matrix, modality)["raw_counts"] for modality in ("bulk", "sc"))
    assert bulk["count"].to_pylist() == [[2.9, 30.6, 0.5, 1.5, 2.5]]
    assert sc["count"].to_pylist() == [[3, 31, 2, 2]]
    assert sc["gene_index"].to_pylist() == [[0, 1, 3, 4]]
    assert np.array_equal(matrix.counts.toarray(), [[2.9, 30.6, 0.5, 1.5, 2.5]])
    assert sc["total_count"].to_pylist() == [38]
    assert sc["detected_genes"].to_pylist() == [4]
    validate("raw_counts", sc, modality="sc")


def test_a_count_that_no_column_holds_is_refused_and_not_wrapped_around() -> None:
    matrix = matrix_of(np.array([[1, 2], [3, 2**31]]))
    with pytest.raises(RefusedInputError, match="'s1' has a count of 2147483648 in gene ENSG0000"):
        raw_counts_table("d", matrix, "sc")


def test_what_is_not_raw_counts_does_not_come_in(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    tpm = rng.gamma(0.3, 50.0, (400, 4))
    tpm = tpm / tpm.sum(axis=0) * 1e6
    lines = ["gene_id\ta\tb\tc\td"]
    lines += [f"ENSG{i:011d}\t" + "\t".join(f"{v:.4f}" for v in row) for i, row in enumerate(tpm)]
    path = tmp_path / "tpm.tsv"
    path.write_text("\n".join(lines))
    with pytest.raises(RefusedInputError, match="TPM"):
        take_in_counts(path, "bulk")
