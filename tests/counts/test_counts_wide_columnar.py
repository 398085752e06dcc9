"""Parquet and feather: either orientation, with and without pandas's index."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from gem_assets.counts.matrix import CountMatrix
from gem_assets.counts.readers import read_counts
from gem_assets.problems import InputProblem, RefusedInputError

WRITERS: dict[str, Callable[[pa.Table, Path], object]] = {
    "parquet": parquet.write_table,
    "feather": feather.write_feather,
}
GENES = ["ENSG00000000003", "ENSG00000000005"]


@pytest.fixture(params=WRITERS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def read(tmp_path: Path, kind: str):
    """Return a function that writes a table or frame and reads it as counts."""

    def write_and_read(table: pa.Table | pd.DataFrame):
        path = tmp_path / f"counts.{kind}"
        WRITERS[kind](table if isinstance(table, pa.Table) else pa.Table.from_pandas(table), path)
        return read_counts(path)

    return write_and_read


@pytest.fixture
def refusal(read):
    """Return a function that expects the refusal of a table and returns its one problem."""

    def refused(table: pa.Table | pd.DataFrame) -> InputProblem:
        with pytest.raises(RefusedInputError) as caught:
            read(table)
        (problem,) = caught.value.problems
        assert problem.action
        return problem

    return refused


@pytest.fixture(scope="module")
def frame(cohorts: dict[str, CountMatrix]) -> pd.DataFrame:
    """Return every fortieth gene of a cohort, genes x samples."""
    matrix = cohorts["castle"]
    counts = matrix.counts[:, ::40].toarray().T
    return pd.DataFrame(counts, index=list(matrix.gene_ids[::40]), columns=list(matrix.sample_ids))


def named(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.rename_axis(index=name)


LAYOUTS = {
    "index": lambda f: named(f, "gene_id"),
    "unnamed index": lambda f: f,
    "first column": lambda f: named(f, "gene_id").reset_index(),
    "no pandas": lambda f: pa.Table.from_pandas(
        named(f, "gene_id").reset_index()
    ).replace_schema_metadata(),
    "names last": lambda f: f.assign(gene_id=f.index).reset_index(drop=True),
    "categories": lambda f: named(f, "gene_id").reset_index().astype({"gene_id": "category"}),
    "float": lambda f: named(f.astype("float64"), "gene_id"),
    "float32": lambda f: named(f.astype("float32"), "gene_id"),
    "uint16": lambda f: named(f.clip(upper=60_000).astype("uint16"), "gene_id"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_genes_in_rows(read, kind, frame, layout):
    clipped = frame.clip(upper=60_000)
    file = read(LAYOUTS[layout](clipped))
    assert (file.format, file.orientation) == (kind, "genes x samples")
    assert file.matrix.gene_ids == tuple(frame.index)
    assert file.matrix.sample_ids == tuple(frame.columns)
    assert np.array_equal(file.matrix.counts.toarray(), clipped.to_numpy().T)
    assert file.matrix.counts.dtype == np.int32


@pytest.mark.parametrize("index", ["sample_id", None], ids=["named index", "unnamed index"])
def test_samples_in_rows(read, frame, index):
    file = read(named(frame.T, index))
    assert file.orientation == "samples x genes"
    assert file.matrix.sample_ids == tuple(frame.columns)
    assert file.matrix.gene_ids == tuple(frame.index)
    assert np.array_equal(file.matrix.counts.toarray(), frame.to_numpy().T)


def test_two_levels_of_an_index_are_ids_and_symbols(read):
    index = pd.MultiIndex.from_arrays([GENES, ["TSPAN6", "TNMD"]], names=["gene_id", "gene_name"])
    file = read(pd.DataFrame({"A": [1, 2], "B": [3, 4]}, index=index))
    assert file.matrix.gene_ids == tuple(GENES)
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")
    assert file.matrix.counts.toarray().tolist() == [[1, 2], [3, 4]]


def test_symbols_and_annotations_are_no_samples(read):
    table = pa.table(
        {
            "gene_id": GENES,
            "gene_name": ["TSPAN6", None],
            "length": [4535, 1610],
            "A": [1, 0],
            "biotype": ["protein_coding", "protein_coding"],
            "B": [0.5, 4.0],
        }
    )
    file = read(table)
    assert file.matrix.sample_ids == ("A", "B")
    assert file.matrix.gene_symbols == ("TSPAN6", "")
    assert file.matrix.counts.toarray().tolist() == [[1, 0], [0.5, 4]]
    assert "Ignored columns that describe genes: 'length', 'biotype'." in file.notes


def test_a_single_column_of_text_beside_the_names_names_the_genes_too(read):
    file = read(pa.table({"x": ["TSPAN6", "TNMD"], "y": GENES, "A": [1, 2]}))
    assert file.matrix.gene_ids == tuple(GENES)
    assert file.matrix.gene_symbols == ("TSPAN6", "TNMD")


def test_entrez_ids_are_names_though_they_are_numbers(read):
    file = read(pa.table({"GeneID": [60, 2597], "S1": [5, 6]}))
    assert file.matrix.gene_ids == ("60", "2597")
    assert file.matrix.sample_ids == ("S1",)


def test_decimal_numbers_are_numbers(tmp_path):
    column = pa.array([Decimal("1.50"), Decimal("2.00")])
    parquet.write_table(pa.table({"gene_id": GENES, "A": column}), tmp_path / "a.parquet")
    assert read_counts(tmp_path / "a.parquet").matrix.counts.toarray().tolist() == [[1.5, 2]]


@pytest.mark.parametrize(
    ("columns", "code", "said"),
    [
        ({"gene_id": GENES, "A": [1, None]}, "missing_value", "row 2 ('ENSG00000000005'), column"),
        ({"gene_id": GENES, "A": [1, np.nan]}, "missing_value", "column 'A' is NaN"),
        ({"gene_id": GENES, "A": [1, np.inf]}, "infinite_value", "column 'A' is infinite"),
        ({"gene_id": GENES, "A": [True, False]}, "not_a_number", "column 'A' holds bool"),
        ({"gene_id": GENES, "A": [1, 2], "B": ["x", "y"]}, "not_a_number", "'B' holds string"),
        ({"gene_id": [GENES[0], None], "A": [1, 2]}, "missing_value", "row 2 has no name"),
        ({"A": [1, 2], "B": [3, 4]}, "no_names", "no column names the rows"),
        ({"gene_id": GENES}, "no_samples", "no column of counts"),
        ({"gene_id": [], "A": []}, "no_rows", "no rows"),
        (
            {"sample_id": ["S1", "S2"], "length": [1, 2], **{g: [1, 2] for g in GENES}},
            "not_a_number",
            "each row is a sample, but the column 'length'",
        ),
    ],
)
def test_what_can_not_be_counts_is_refused(refusal, columns, code, said):
    arrays = {
        # `from_pandas` would make a null of NaN.
        name: pa.array(values, pa.string() if not values else None, from_pandas=False)
        for name, values in columns.items()
    }
    problem = refusal(pa.table(arrays))
    assert problem.code == code
    assert said in problem.sentence


def test_a_frame_of_rows_without_columns_is_refused(refusal):
    assert refusal(pd.DataFrame(index=range(3))).code == "no_rows"


@pytest.mark.parametrize("metadata", [b"{", b"[]", b'{"index_columns": [{"kind": "range"}]}'])
def test_metadata_that_makes_no_sense_is_no_index(read, metadata):
    table = pa.table({"gene_id": GENES, "A": [1, 2]}).replace_schema_metadata({b"pandas": metadata})
    assert read(table).matrix.sample_ids == ("A",)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path, kind, frame, share):
    path = tmp_path / "counts.x"
    WRITERS[kind](pa.Table.from_pandas(frame), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(RefusedInputError, match="cut off or damaged") as caught:
        read_counts(path)
    assert caught.value.problems[0].code == "damaged_file"


def test_a_file_may_be_packed_once_more(tmp_path, kind, frame):
    plain, packed = tmp_path / "a", tmp_path / "b.gz"
    WRITERS[kind](pa.Table.from_pandas(frame), plain)
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    assert np.array_equal(read_counts(packed).matrix.counts.toarray(), frame.to_numpy().T)


def test_feather_of_version_1_is_refused(tmp_path):
    path = tmp_path / "a.feather"
    path.write_bytes(b"FEA1" + bytes(20) + b"FEA1")
    with pytest.raises(RefusedInputError, match="feather version 1") as caught:
        read_counts(path)
    assert caught.value.problems[0].code == "feather_version"


def test_a_fault_of_the_disk_is_no_fault_of_the_file(tmp_path, kind, frame):
    path = tmp_path / "counts.x"
    WRITERS[kind](pa.Table.from_pandas(frame), path)

    class Failing(type(path)):
        opened = 0

        def open(self, *args, **kwargs):
            type(self).opened += 1
            if type(self).opened > 1:
                raise OSError(5, "Input/output error")
            return super().open(*args, **kwargs)

    with pytest.raises(OSError, match="Input/output error"):
        read_counts(Failing(path))
