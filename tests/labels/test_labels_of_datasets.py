"""Where a dataset's sheet and aliases may lie."""

from __future__ import annotations

import pytest

from gem_assets.datasets import open_dataset
from gem_assets.labels.statements import stated_labels
from gem_assets.problems import RefusedInputError


@pytest.fixture
def folder(tmp_path):
    """Return the folder of the dataset bulk/d, which holds counts."""
    folder = tmp_path / "bulk" / "d"
    folder.mkdir(parents=True)
    (folder / "counts.tsv").write_text("gene\ta\nENSG1\t1\n")
    return folder


def labels_of(folder):
    dataset = open_dataset(str(folder.parents[1]), "bulk", "d")
    stated = stated_labels(
        dataset.name,
        dataset.sheet,
        ("a",),
        columns=dataset.config.columns,
        aliases=dataset.aliases,
        counts=dataset.counts,
    )
    return stated.table["provided_label"].to_pylist()


@pytest.mark.parametrize(
    "aliases", ["aliases: words/own.csv", "aliases: {tissue: {gut feeling: stomach}}"]
)
def test_aliases_are_in_the_yaml_or_in_a_file_beside_it(folder, aliases) -> None:
    (folder / "samples.csv").write_text("sample_id,site\na,Gut  Feeling\n")
    (folder / "words").mkdir()
    (folder / "words" / "own.csv").write_text("field,text,term\ntissue,gut feeling,stomach\n")
    (folder / "dataset.yaml").write_text(f"columns: {{site: tissue}}\n{aliases}\n")
    assert labels_of(folder) == ["stomach"]


def test_another_alias_file_changes_the_fingerprint(folder) -> None:
    (folder / "dataset.yaml").write_text("aliases: own.csv\n")
    found = []
    for text in ("field,text,term\n", "field,text,term\ntissue,x,liver\n"):
        (folder / "own.csv").write_text(text)
        found.append(open_dataset(str(folder.parents[1]), "bulk", "d").fingerprint())
    assert found[0] != found[1]


@pytest.mark.parametrize("path", ["../aliases.csv", "/etc/hosts", "absent.csv"])
def test_an_alias_file_lies_in_the_folder(folder, path) -> None:
    (folder.parent / "aliases.csv").write_text("field,text,term\n")
    (folder / "dataset.yaml").write_text(f"aliases: {path}\n")
    with pytest.raises(RefusedInputError, match="aliases"):
        labels_of(folder)


def test_a_workbook_is_refused_and_not_passed_over(folder) -> None:
    (folder / "samples.xlsx").write_bytes(b"PK\x03\x04xl/workbook.xml")
    with pytest.raises(RefusedInputError, match="is an Excel workbook"):
        labels_of(folder)


def test_a_sheet_may_be_the_download_as_it_came(folder) -> None:
    (folder / "GSE1_series_matrix.txt").write_text(
        '!Sample_geo_accession\t"GSM1"\n!Sample_title\t"a"\n'
        '!Sample_characteristics_ch1\t"tissue: whole blood"\n'
    )
    (folder / "dataset.yaml").write_text("samples: GSE1_series_matrix.txt\n")
    assert labels_of(folder) == ["blood"]
