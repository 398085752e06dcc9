"""A dataset without a sheet has the labels in the obs of its h5ad."""

from __future__ import annotations

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from test_labels_sheet_formats import cellxgene_frame, check_cellxgene
from upath import UPath

from gem_assets.labels.obs import read_obs
from gem_assets.labels.statements import stated_labels
from gem_assets.problems import RefusedInputError


@pytest.fixture
def write(tmp_path):
    """Return a function that writes an h5ad with the given obs."""

    def write(obs: pd.DataFrame, name: str = "counts.h5ad"):
        counts = sparse.csr_matrix(np.ones((len(obs), 2), dtype=np.int32))
        var = pd.DataFrame(index=["ENSG00000000003", "ENSG00000000005"])
        anndata.AnnData(counts, obs=obs, var=var).write_h5ad(tmp_path / name)
        return UPath(tmp_path / name)

    return write


def test_obs_of_cellxgene_states_the_labels_of_its_cells(write) -> None:
    check_cellxgene(read_obs(write(cellxgene_frame())))


def test_labels_of_a_real_h5ad_are_read_with_a_datasets_own_words(shared_data) -> None:
    path = UPath(shared_data / "cohorts" / "onek1k_subset.h5ad")
    sheet = read_obs(path)
    assert (sheet.format, len(sheet.frame)) == ("h5ad_obs", 7811)
    assert list(sheet.frame.columns) == ["sample_id", "donor", "cell_type", "sex", "age_years"]
    aliases = {
        "sex": {"1": "male", "2": "female"},
        "cell_type": {"bmem": "CL:0000787", "cd4nc": "CL:0000624"},
    }
    stated = stated_labels("d", None, sheet.sample_ids, aliases=aliases, counts=path)
    rows = stated.table.to_pandas().groupby("field")["provided_id"].value_counts(dropna=False)
    assert rows["sex"].to_dict() == {"female": 4055, "male": 3756}
    assert rows["cell_type"]["CL:0000787"] == 1766
    assert rows["age"]["73"] == 931
    assert (stated.format, stated.source) == ("h5ad_obs", f"obs of {path}")
    assert "'indiv' as donor" in " ".join(stated.notes)
    (problem,) = stated.problems
    assert "'monoc' (unmapped)" in problem.sentence


def test_codes_of_sexes_are_not_guessed(shared_data) -> None:
    path = UPath(shared_data / "cohorts" / "onek1k_subset.h5ad")
    ids = read_obs(path).sample_ids
    problems = stated_labels("d", None, ids, counts=path).problems
    assert any("2 different value(s) of sex" in problem.sentence for problem in problems)


def test_a_real_h5ad_without_labels_states_nothing(repository) -> None:
    path = UPath(repository / "data" / "sc" / "celltypist_demo" / "counts.h5ad")
    assert read_obs(path) is None
    stated = stated_labels("d", None, ("Cell_1",), counts=path)
    assert (stated.table.num_rows, stated.source, stated.format) == (0, None, None)


def test_a_sheet_goes_before_obs(write, tmp_path) -> None:
    path = write(pd.DataFrame({"tissue": ["lung"]}, index=["c1"]))
    sheet = tmp_path / "samples.csv"
    sheet.write_text("sample_id,tissue\nc1,liver\n")
    stated = stated_labels("d", sheet, ("c1",), counts=path)
    assert stated.table["provided_label"].to_pylist() == ["liver"]


def test_the_cell_is_the_sample_whatever_obs_calls_sample(write) -> None:
    obs = pd.DataFrame(
        {
            "sample_id": ["lib1", "lib1"],
            "sample": ["x", "y"],
            "Organ": pd.Categorical(["liver", None]),
            "Age (months)": [18.0, np.nan],
            "n_genes": [3, 4],
        },
        index=["c1", "c2"],
    )
    sheet = read_obs(write(obs), {"sample_id": "donor"})
    assert sheet.sample_ids == ("c1", "c2")
    assert sheet.frame.to_dict("list") == {
        "sample_id": ["c1", "c2"],
        "donor": ["lib1", "lib1"],
        "tissue": ["liver", ""],
        "age_years": ["18 months", ""],
    }
    assert read_obs(write(obs)).sample_ids == ("c1", "c2")


def test_obs_that_states_nothing_is_none(write, tmp_path) -> None:
    assert read_obs(write(pd.DataFrame({"n_genes": [1], "assay": ["10x"]}, index=["c"]))) is None
    text = tmp_path / "counts.tsv"
    text.write_text("gene\tS1\nA\t1\n")
    assert read_obs(UPath(text)) is None
    assert read_obs(UPath(tmp_path)) is None
    with h5py.File(tmp_path / "10x.h5", "w") as file:
        file.create_group("matrix")
    assert read_obs(UPath(tmp_path / "10x.h5")) is None


def test_obs_of_before_anndata_0_7_is_read(tmp_path) -> None:
    rows = np.array(
        [(b"c1", b"liver"), (b"c2", b"lung")], dtype=[("index", "S10"), ("tissue", "S10")]
    )
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        file["obs"] = rows
        file.create_group("var")
    sheet = read_obs(UPath(tmp_path / "old.h5ad"))
    assert sheet.frame.to_numpy().tolist() == [["c1", "liver"], ["c2", "lung"]]


def test_cells_that_are_not_human_are_refused(write) -> None:
    frame = cellxgene_frame()
    frame["organism_ontology_term_id"] = "NCBITaxon:10090"
    with pytest.raises(RefusedInputError, match=r"4 row\(s\) are of 'NCBITaxon:10090'.*cells 1, 2"):
        read_obs(write(frame))


def test_a_column_of_obs_that_is_damaged_is_named(write) -> None:
    path = write(pd.DataFrame({"tissue": ["lung"]}, index=["c1"]))
    with h5py.File(path, "a") as file:
        del file["obs/tissue"]
    with pytest.raises(RefusedInputError, match="column 'tissue' can't be read"):
        read_obs(path)


def test_columns_of_obs_that_do_not_exist_are_refused(write) -> None:
    path = write(pd.DataFrame({"tissue": ["lung"]}, index=["c1"]))
    with pytest.raises(RefusedInputError, match="has no column 'site'"):
        read_obs(path, {"site": "sex"})
