"""`gem-assets export`: whole files, exact values, nothing outside of the folder."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import anndata
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from warehouse_examples import ORDER_HASH, SAMPLES, example

from gem_assets.cli import main
from gem_assets.exporting import h5ad, tables
from gem_assets.exporting.export import export_dataset
from gem_assets.problems import RefusedInputError
from gem_assets.settings import Settings
from gem_assets.warehouse import LockPatience, Warehouse, WarehouseLockedError


def bulk(results: Path) -> Warehouse:
    return Warehouse(results / "warehouse.duckdb", "gem_bulk")


def run(results: Path, *arguments: str | Path) -> Result:
    said = ["export", "--results", str(results), *map(str, arguments)]
    return CliRunner().invoke(main, said, catch_exceptions=False)


def exported(results: Path, *arguments: str | Path) -> anndata.AnnData:
    result = run(results, "study", *arguments)
    assert result.exit_code == 0, result.output
    return anndata.read_h5ad(results / "exports" / "gem_bulk" / "study" / "study.h5ad")


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# h5ad


def test_an_h5ad_has_counts_labels_predictions_verdicts_and_latents(results: Path) -> None:
    data = exported(results)
    assert data.X.toarray().tolist() == [[5, 7, 0], [0, 0, 12], [0, 0, 0]]
    assert data.X.dtype == np.int32
    assert data.obs_names.tolist() == list(SAMPLES)
    genes = ["ENSG00000000003", "ENSG00000000005", "ENSG00000229807"]
    assert data.var_names.tolist() == genes
    assert data.var["gene_symbol"].tolist() == ["TSPAN6", "TNMD", ""]
    assert data.obs["total_count"].tolist() == [13.0, 12.0, 0.0]
    assert data.obs["predicted_tissue"].tolist() == ["liver"] * 3
    assert data.obs["qc_status"].tolist() == ["pass", "fail", "not_assessed"]
    assert data.obsm["X_gem_biological"].tolist() == [[0.5, -1.25, 3.0]] * 3
    assert data.obsm["X_gem_biological"].dtype == np.float32
    assert np.isnan(data.obsm["X_gem_technical"]).all(axis=1).tolist() == [False, True, False]


def test_an_h5ad_says_where_it_comes_from(results: Path) -> None:
    said = exported(results).uns["gem_assets"]
    assert said["model_id"] == "gem-1-bulk_predict-metadata"
    assert said["model_version"] == "embedded-1"
    assert said["served_by"] == "embedded"
    assert "not GEM-1" in said["note"]
    assert said["predicted_at"].startswith("2026-03-29T01:30:00")
    assert said["rules_version"] == "1"
    assert said["gem_assets_version"]
    assert (said["dataset"], said["modality"], said["counts"]) == ("study", "bulk", "aligned")


def test_raw_counts_keep_every_gene_of_the_file_under_a_name_of_its_own(results: Path) -> None:
    data = exported(results, "--counts", "raw")
    assert data.X.toarray().tolist() == [[5, 7, 0, 1], [0, 0, 12, 0], [0, 0, 0, 0]]
    assert data.var_names.tolist() == ["A", "A-1", "B", "C"]
    assert data.var["gene_id"].tolist() == ["A", "A", "B", "C"]
    assert data.var["gene_symbol"].tolist() == ["", "TNMD", "", "TNMD"]


def test_without_counts_there_is_all_the_rest(results: Path) -> None:
    data = exported(results, "--counts", "none")
    assert data.X is None
    assert data.shape == (3, 0)
    assert data.obs["predicted_age"].tolist() == [43.1] * 3


def test_chunks_make_the_same_matrix_as_one_piece(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(results).X.toarray()
    monkeypatch.setattr(h5ad, "ROWS_A_CHUNK", 1)
    told: list[tuple[int, int]] = []
    export_dataset(
        Settings(results=str(results)),
        "study",
        force=True,
        on_progress=lambda *n: told.append(n),
    )
    again = anndata.read_h5ad(results / "exports" / "gem_bulk" / "study" / "study.h5ad").X
    assert np.array_equal(again.toarray(), whole)
    assert again.indptr.dtype == np.int64
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_in_an_h5ad_needs_more_than_hdf5_to_be_read(results: Path) -> None:
    exported(results)
    kinds = set()
    with h5py.File(results / "exports" / "gem_bulk" / "study" / "study.h5ad") as file:
        file.visititems(
            lambda _, item: kinds.add(item.dtype.kind) if isinstance(item, h5py.Dataset) else None
        )
        text = {h5py.check_string_dtype(file[f"obs/{name}"].dtype) for name in ("qc_sentence",)}
    assert None not in text
    assert not kinds & {"V"}  # opaque: what pickles would be


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            {"aligned_counts": example("aligned_counts").slice(0, 0)},
            "not aligned to the model's genes yet",
        ),
        (
            {
                "aligned_counts": example("aligned_counts").set_column(
                    6, "gene_order_hash", pa.array([ORDER_HASH.replace("0", "f")] * 3)
                )
            },
            "another gene order than the present one",
        ),
    ],
    ids=["not aligned", "another order"],
)
def test_counts_that_can_t_be_named_are_refused_and_the_earlier_export_is_kept(
    results: Path, spoil: dict[str, pa.Table], words: str
) -> None:
    exported(results)
    before = everything_in(results / "exports")
    bulk(results).replace_partition(spoil, "study")
    result = run(results, "study", "--force")
    assert result.exit_code == 1
    assert words in result.output
    assert "--counts raw" in result.output
    assert everything_in(results / "exports") == before
    assert run(results, "study", "--force", "--counts", "raw").exit_code == 0


# Tables


def test_parquet_files_hold_the_tables_as_they_are(results: Path) -> None:
    assert run(results, "study", "--format", "parquet").exit_code == 0
    folder = results / "exports" / "gem_bulk" / "study" / "parquet"
    written = tables.exported_relations("aligned")
    assert {file.stem for file in folder.iterdir()} == set(written)
    assert not {"raw_counts", "raw_genes"} & set(written)
    for name in written:
        file = pq.ParquetFile(folder / f"{name}.parquet")
        expected = bulk(results).read(name, None if name == "gene_order" else "study")
        assert file.read().equals(expected), name
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


def test_csv_files_have_every_digit_lists_as_json_and_no_formula(results: Path) -> None:
    assert run(results, "study", "--format", "csv", "--counts", "raw").exit_code == 0
    folder = results / "exports" / "gem_bulk" / "study" / "csv"
    sentences = [row["sentence"] for row in rows_of(folder / "qc_samples.csv")]
    assert sentences == ["'=1+1", "'-2 of them", "plain"]
    for name in ("raw_counts", "latents", "classifier_probs", "qc_samples", "aligned_counts"):
        if name == "aligned_counts":
            assert not (folder / f"{name}.csv").exists()
            continue
        expected = bulk(results).read(name, "study").to_pylist()
        for found, row in zip(rows_of(folder / f"{name}.csv"), expected, strict=True):
            for column, value in row.items():
                if isinstance(value, list):
                    assert json.loads(found[column]) == value
                elif isinstance(value, float):
                    assert float(found[column]) == value
    alignment = rows_of(folder / "gene_alignment.csv")
    assert alignment[3]["model_gene_id"] == ""
    assert rows_of(folder / "qc_changes.csv") != []
    assert (folder / "qc_selftest.csv").read_text().startswith("dataset,kind,share,")


def test_a_list_that_is_missing_is_an_empty_cell(results: Path) -> None:
    run(results, "study", "--format", "csv", "--counts", "aligned")
    rows = rows_of(results / "exports" / "gem_bulk" / "study" / "csv" / "decoded_counts.csv")
    assert [row["count"] for row in rows] == ["[4,9]", "[3]", ""]


# Where files go


def test_what_is_there_is_replaced_by_force_only(results: Path, tmp_path: Path) -> None:
    for export_format in ("h5ad", "csv"):
        arguments = ("study", "--format", export_format, "--out", tmp_path / "out")
        assert run(results, *arguments).exit_code == 0
        before = everything_in(tmp_path / "out")
        refused = run(results, *arguments)
        assert refused.exit_code == 1
        assert "is there already, and was left as it is" in refused.output
        assert everything_in(tmp_path / "out") == before
        stray = tmp_path / "out" / "study" / "csv" / "of_an_older_version.csv"
        if export_format == "csv":
            stray.write_text("old")
        assert run(results, *arguments, "--force").exit_code == 0
        assert not stray.exists()
    left = {path.name for path in (tmp_path / "out" / "study").iterdir()}
    assert left == {"study.h5ad", "csv"}


def test_an_export_that_breaks_leaves_nothing_half_written(results: Path, tmp_path: Path) -> None:
    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    for export_format in ("h5ad", "parquet"):
        with pytest.raises(KeyboardInterrupt):
            export_dataset(
                Settings(results=str(results)),
                "study",
                export_format,  # type: ignore[arg-type]
                out=tmp_path / "out",
                on_progress=stop,
            )
    assert not everything_in(tmp_path / "out")


def test_a_writer_waits_so_that_an_export_is_of_one_state(results: Path) -> None:
    at_once = LockPatience(timeout=1.0, attempts=1)
    warehouse = Warehouse(results / "warehouse.duckdb", "gem_bulk", patience=at_once)
    rows = {"latents": example("latents")}
    refused: list[str] = []

    def write(*_: int) -> None:
        with pytest.raises(WarehouseLockedError) as locked:
            warehouse.replace_partition(rows, "study")
        refused.append(str(locked.value))

    settings = Settings(results=str(results))
    written = export_dataset(settings, "study", "parquet", on_progress=write)
    assert len(refused) == len(written.rows)
    warehouse.replace_partition(rows, "study")


@pytest.mark.parametrize("name", ["../escaped", "..", "a b", "/tmp/escaped"])  # noqa: S108
def test_a_dataset_whose_name_is_no_file_s_is_refused(results: Path, name: str) -> None:
    rows = {"raw_counts": example("raw_counts", name)}
    bulk(results).replace_partition(rows, name)
    before = everything_in(results.parent)
    result = run(results, name)
    assert result.exit_code == 1
    assert everything_in(results.parent) == before


def test_a_name_of_two_datasets_asks_which_is_meant(results: Path) -> None:
    result = run(results, "other")
    assert "There are 2 datasets 'other'. Say bulk/other or sc/other." in result.output
    for which in ("sc/other", "bulk/other"):  # each into a folder of its own
        assert run(results, which, "--format", "parquet").exit_code == 0
    archive = Warehouse(results / "warehouse.duckdb", "archive", modality="bulk")
    archive.replace_partition({"raw_counts": example("raw_counts", "study")}, "study")
    assert "Say archive/study or gem_bulk/study." in run(results, "bulk/study").output
    assert run(results, "gem_bulk/study").exit_code == 0


def test_an_unknown_dataset_is_told_with_those_there_are(results: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedInputError, match="there are: bulk/other, bulk/study, sc/other"):
        export_dataset(Settings(results=str(results)), "stydu")
    assert "there is none" in run(tmp_path / "empty", "study").output
    assert not (tmp_path / "empty").exists()


# The command


def test_the_command_prints_what_it_wrote_for_people_and_for_machines(results: Path) -> None:
    file = results / "exports" / "gem_bulk" / "study" / "study.h5ad"
    assert run(results, "study").stdout == f"{file} (3 samples)\n"
    said = json.loads(run(results, "study", "--format", "csv", "--json").stdout)
    assert (said["dataset"], said["counts"]) == ("bulk/study", "none")
    files = {Path(one["path"]).name: one for one in said["files"]}
    assert files["annotations.csv"]["rows"] == 3
    assert all(Path(one["path"]).stat().st_size == one["bytes"] for one in said["files"])
