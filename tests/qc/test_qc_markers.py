"""Sex by marker genes, on made counts and on every cohort that states a sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.markers import CHRY_GENES, XIST, samples_that_may_lack_y, sex_markers
from gem_assets.qc.settings import QcSettings

SETTINGS = QcSettings()
HOUSEKEEPING = "ENSG00000075624"


def one_sample(
    chry: float, xist: float | None, *, genes: int = 7, rest: float = 1_000_000.0
) -> CountMatrix:
    """Return a sample whose first `genes` chrY genes have `chry` reads each."""
    ids = [gene for gene, _ in CHRY_GENES[:genes]] + [HOUSEKEEPING]
    counts = [chry] * genes + [rest]
    if xist is not None:
        ids.append(XIST[0])
        counts.append(xist)
    return CountMatrix(("s",), tuple(ids), sparse.csr_array([counts]))


def call(matrix: CountMatrix, **options: list[str]) -> tuple[str, str]:
    row = sex_markers(matrix, SETTINGS, **options).iloc[0]
    return row["call"], row["sentence"]


def cohort(folder: Path, name: str) -> tuple[CountMatrix, pd.DataFrame]:
    frame = pd.read_csv(folder / "cohorts" / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
    counts = sparse.csr_array(frame.to_numpy(dtype=float).T)
    matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), counts)
    return matrix, pd.read_csv(folder / "cohorts" / f"{name}_samples.csv")


@pytest.mark.parametrize(("name", "n"), [("bodymap", 16), ("geuvadis_lcl", 85), ("lncap", 7)])
def test_every_stated_sex_of_the_cohorts_is_confirmed(shared_data: Path, name: str, n: int) -> None:
    matrix, sheet = cohort(shared_data, name)
    calls = sex_markers(matrix, SETTINGS).set_index("sample_id")["call"]
    stated = sheet.set_index("sample_id")["sex"]
    assert (calls == stated.reindex(calls.index)).sum() == n


def test_pools_of_both_sexes_get_no_call(shared_data: Path) -> None:
    calls = sex_markers(cohort(shared_data, "castle")[0], SETTINGS).set_index("sample_id")
    unclear = set(calls.index[calls["call"].eq("unclear")])
    assert unclear == {"Heart", "Kidney", "Lung", "Skeletal muscle"}
    assert calls.loc["Heart", "sentence"].startswith("Marker genes of both sexes")


def test_lines_without_y_are_unclear_and_never_called_female(shared_data: Path) -> None:
    matrix, sheet = cohort(shared_data, "geuvadis_lcl")
    calls = sex_markers(matrix, SETTINGS, may_lack_y=set(matrix.sample_ids))
    by_sex = calls.set_index("sample_id")["call"].groupby(sheet.set_index("sample_id")["sex"])
    assert by_sex.get_group("male").eq("male").all()
    assert by_sex.get_group("female").eq("unclear").all()


def test_cpm_is_taken_over_the_library_size_of_the_input() -> None:
    row = sex_markers(one_sample(100, 50, rest=999_250.0), SETTINGS).iloc[0]
    assert row["chry_cpm"] == pytest.approx(100)
    assert row["xist_cpm"] == pytest.approx(50)
    assert row["chry_genes_present"] == 7


def test_fewer_than_three_y_genes_in_the_file_give_no_answer() -> None:
    assert call(one_sample(100, 0, genes=3))[0] == "male"
    word, sentence = call(one_sample(100, 0, genes=2))
    assert word == "not_assessed"
    assert sentence == "The file holds 2 of the seven chrY marker genes, 3 are needed."
    row = sex_markers(one_sample(0, None, genes=0), SETTINGS).iloc[0]
    assert row["call"] == "not_assessed"
    assert np.isnan(row["chry_cpm"])
    assert np.isnan(row["xist_cpm"])


@pytest.mark.parametrize("xist", [0.0, None])
def test_no_read_of_any_marker_gives_no_answer(xist: float | None) -> None:
    assert call(one_sample(0, xist))[0] == "not_assessed"


def test_an_empty_library_gives_no_answer() -> None:
    assert call(one_sample(0, 0, rest=0))[0] == "not_assessed"


def test_between_the_sexes_there_is_no_call() -> None:
    word, sentence = call(one_sample(6, 0))
    assert (word, "between the sexes" in sentence) == ("unclear", True)


def test_a_female_by_xist_and_no_y() -> None:
    word, sentence = call(one_sample(0, 80))
    assert word == "female"
    assert sentence == "Marker genes say female (chrY genes 0.0 CPM, XIST 80.0 CPM)."


def test_absent_y_in_a_tumour_says_nothing_but_present_y_does() -> None:
    assert call(one_sample(0, 80), may_lack_y=["s"])[0] == "unclear"
    assert call(one_sample(80, 0), may_lack_y=["s"])[0] == "male"


@pytest.mark.parametrize("name", ["versioned", "symbols", "lower", "second column"])
def test_marker_genes_are_found_by_versioned_id_or_symbol(name: str) -> None:
    genes = [*CHRY_GENES, (HOUSEKEEPING, "ACTB")]
    ids = {
        "versioned": tuple(f"{gene}.12" for gene, _ in genes),
        "symbols": tuple(symbol for _, symbol in genes),
        "lower": tuple(symbol.lower() for _, symbol in genes),
        "second column": tuple(f"gene{i}" for i in range(len(genes))),
    }[name]
    symbols = tuple(s for _, s in genes) if name == "second column" else None
    counts = sparse.csr_array([[50.0] * 7 + [1e6]])
    row = sex_markers(CountMatrix(("s",), ids, counts, symbols), SETTINGS).iloc[0]
    assert (row["call"], row["chry_genes_present"]) == ("male", 7)


def test_two_rows_of_one_gene_are_one_gene() -> None:
    ids = (*(gene for gene, _ in CHRY_GENES), f"{CHRY_GENES[0][0]}.3_PAR_Y", HOUSEKEEPING)
    counts = sparse.csr_array([[0.0] * 7 + [70.0, 999_930.0]])
    row = sex_markers(CountMatrix(("s",), ids, counts), SETTINGS).iloc[0]
    assert row["chry_genes_present"] == 7
    assert row["chry_cpm"] == pytest.approx(10)


@given(
    chry=st.integers(0, 500),
    xist=st.none() | st.integers(0, 500),
    depth=st.sampled_from([0.5, 2, 8]),
)
@settings(deadline=None)
def test_the_call_does_not_depend_on_sequencing_depth(
    chry: float, xist: float | None, depth: float
) -> None:
    shallow = one_sample(chry, xist)
    deep = CountMatrix(("s",), shallow.gene_ids, sparse.csr_array(shallow.counts * depth))
    assert call(shallow) == call(deep)


def labels(*rows: tuple[str, str, str | None, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sample_id", "field", "provided_id", "resolution"])


def test_lines_and_tumours_may_lack_y_and_tissue_may_not() -> None:
    stated = labels(
        ("typed", "sample_type", "cell line", "label"),
        ("named", "cell_line", "CVCL_0395", "id"),
        ("unnamed", "cell_line", None, "unmapped"),
        ("tumour", "disease", "MONDO:0005170", "id"),
        ("cold", "disease", "MONDO:0005709", "id"),
        ("healthy", "disease", "PATO:0000461", "id"),
        ("tissue", "sample_type", "primary tissue", "label"),
    )
    assert samples_that_may_lack_y(stated) == {"typed", "named", "tumour"}
    predicted = pd.DataFrame(
        {
            "sample_id": ["tissue"],
            "field": ["sample_type"],
            "predicted_id": [None],
            "predicted_label": ["cell line"],
        }
    )
    assert "tissue" in samples_that_may_lack_y(stated, predicted)
