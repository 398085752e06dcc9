"""`gem_assets.read`: results as pandas frames, and sentences where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import gem_assets
from gem_assets.problems import RefusedInputError
from gem_assets.warehouse import LockPatience, NotMaterialisedError, Warehouse

LABELS = pd.DataFrame(
    {
        "dataset": "study",
        "sample_id": ["s1", "s2"],
        "field": "tissue",
        "provided_text": ["Liver", "gut"],
        "provided_id": ["UBERON:0002107", None],
        "provided_label": ["liver", None],
        "resolution": ["label", "unmapped"],
    }
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read") / "results"
    for prefix in ("gem_bulk", "archive"):
        warehouse = Warehouse(folder / "warehouse.duckdb", prefix, modality="bulk")
        warehouse.replace_partition({"sample_labels": LABELS}, "study")
    return folder


def test_rows_come_as_they_were_written(results: Path) -> None:
    found = gem_assets.read("sample_labels", results=results)
    pd.testing.assert_frame_equal(found, LABELS, check_dtype=False)
    some = gem_assets.read("sample_labels", "study", results=results, columns=["resolution"])
    assert some["resolution"].tolist() == ["label", "unmapped"]
    assert len(gem_assets.read("sample_labels", results=results, key_prefix="archive")) == 2
    assert gem_assets.read("annotations", "study", results=str(results)).empty


def test_the_results_folder_is_that_of_the_environment(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEM_ASSETS_RESULTS", str(results))
    assert len(gem_assets.read("sample_labels")) == 2


def test_the_file_is_free_again_when_rows_are_there(results: Path) -> None:
    at_once = LockPatience(timeout=1.0, attempts=1)
    warehouse = Warehouse(results / "warehouse.duckdb", "gem_bulk", patience=at_once)
    kept = gem_assets.read("sample_labels", results=results)
    warehouse.replace_partition({"sample_labels": LABELS}, "study")
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"table": "annotation"},
            r"no table 'annotation'. The tables are raw_genes, .*annotations",
        ),
        (
            {"table": "sample_labels", "dataset": "stydu"},
            r"dataset 'stydu' in gem_bulk of .*; there are: study",
        ),
        ({"table": "sample_labels", "columns": ["tissue"]}, "no column 'tissue'; it has dataset,"),
        ({"table": "gene_order", "dataset": "study"}, "gene_order belong to no dataset"),
        ({"table": "annotations", "modality": "spatial"}, "'spatial'. Say bulk or sc"),
    ],
)
def test_what_is_not_there_is_named_beside_what_is(
    results: Path, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(RefusedInputError, match=words):
        gem_assets.read(results=results, **arguments)  # type: ignore[arg-type]


def test_where_nothing_was_materialised_the_asset_is_named(tmp_path: Path, results: Path) -> None:
    with pytest.raises(NotMaterialisedError, match="asset gem_bulk/predicted_metadata first"):
        gem_assets.read("annotations", results=tmp_path)
    with pytest.raises(NotMaterialisedError, match="asset gem_sc/predicted_metadata first"):
        gem_assets.read("annotations", results=results, modality="sc")
    assert not list(tmp_path.iterdir())


def test_reading_needs_no_dagster(results: Path) -> None:
    script = (
        "import sys, gem_assets;"
        "assert len(gem_assets.read('sample_labels', 'study', results=sys.argv[1])) == 2;"
        "sys.exit('dagster' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(results)], check=True)  # noqa: S603
