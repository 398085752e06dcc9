"""Files that are no counts are called what they are, and their owner is told what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from gem_assets.counts.readers import read_counts
from gem_assets.counts.readers.foreign import foreign_text
from gem_assets.problems import InputProblem, RefusedInputError

PAGE = b"""
<!DOCTYPE html>
<html><head><title>
  Sign in</title></head><body><h1>a,b</h1>
"""


def tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("counts.tsv"), io.BytesIO())
    return packed.getvalue()


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return packed.getvalue()


def numpy_array(save: Callable[..., None]) -> bytes:
    packed = io.BytesIO()
    save(packed, np.zeros((2, 2)))
    return packed.getvalue()


CASES: dict[str, tuple[bytes, str, str]] = {
    "rda": (b"RDX3\nX\n\0\0\0\3\0\4\3\1", "R data", "write.table("),
    "rda of R 2": (b"RDX2\nX\n\0\0\0\2", "R data", "write.table("),
    "rds": (b"X\n\0\0\0\3\0\4\3\1\0\3\5\0", "an R object (.rds)", "write.table("),
    "rds as text": (b"A\n3\n262914\n197888\n5\nUTF-8\n787\n", "an R object", "write.table("),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF", "table of counts"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a picture", "table of counts"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture", "table of counts"),
    "bam": (b"BAM\1" + bytes(40), "a BAM file", "quantifier"),
    "cram": (b"CRAM\3\0" + bytes(40), "a CRAM file", "quantifier"),
    "sam": (b"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:1\tLN:9\n", "a SAM file", "quantifier"),
    "fastq": (b"@r1 1/1\nACGTN\n+\nIIIII\n@r2\nACGTA\n+\nIIIII\n", "a FASTQ file", "quantifier"),
    "fasta": (b">ENST1|ENSG1\nACGT\nACGT\n", "a FASTA file", "quantifier"),
    "vcf": (b"##fileformat=VCFv4.2\n#CHROM\tPOS\n1\t2\n", "a VCF", "table of counts"),
    "page": (PAGE, "a web page ('Sign in')", "Download the file again"),
    "page without title": (b"<html><body>a,b\n1,2\n", "a web page", "Download the file again"),
    "xml": (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code>", "XML", "Download"),
    "json": (json.dumps({"genes": ["A"], "counts": [[1, 2]]}).encode(), "JSON", "server"),
    "json in lines": (json.dumps([{"a": 1, "b": 2}], indent=1).encode(), "JSON", "server"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "a workbook", "CSV"),
    "ods": (
        zipped("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "a workbook", "CSV",
    ),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "an old workbook", "CSV"),
    "zip": (zipped("counts.tsv"), "a zip archive", "Unpack"),
    "tar": (tar(), "an archive (tar)", "Unpack"),
    "xz": (lzma.compress(b"gene\tS1\n"), "compressed by xz", "xz -d"),
    "npy": (numpy_array(np.save), "a NumPy array", "table of counts"),
    "npz": (numpy_array(np.savez), "a file of NumPy arrays", "table of counts"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS", "lfs pull"),
}  # fmt: skip


def refused(path: Path) -> InputProblem:
    with pytest.raises(RefusedInputError) as caught:
        read_counts(path)
    (problem,) = caught.value.problems
    assert problem.code == "unrecognised_format"
    assert problem.sentence.startswith(f"{path}: this is ")
    assert problem.sentence.endswith(", not counts.")
    return problem


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("file", ["counts.tsv", "counts.h5ad"])
def test_a_file_of_another_kind_is_called_what_it_is(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], file: str
) -> None:
    content, what, action = CASES[name]
    path = tmp_path / file
    path.write_bytes(pack(content))
    problem = refused(path)
    assert what in problem.sentence
    assert action in problem.action


def test_a_database_is_called_one(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "counts.tsv") as database:
        database.execute("create table counts (gene, s1)")
    database.close()
    assert "an SQLite database" in refused(tmp_path / "counts.tsv").sentence


@pytest.mark.parametrize(
    ("groups", "what", "action"),
    [
        (("matrix", "row_attrs", "col_attrs"), "a Loom file", "read_loom"),
        (("assays", "meta.data"), "a Seurat object", ".h5ad"),
    ],
)
def test_hdf5_of_others_is_called_what_it_is(
    tmp_path: Path, groups: tuple[str, ...], what: str, action: str
) -> None:
    path = tmp_path / "counts.loom"
    with h5py.File(path, "w") as file:
        for name in groups:
            file.create_group(name)
    problem = refused(path)
    assert what in problem.sentence
    assert action in problem.action


@pytest.mark.parametrize(
    "table",
    [
        b"gene_id\tS1\nA\t1\n",
        b"{x}\tS1\nA\t1\n",
        b"[a,S1\nA,1\n",
        b"CRAM1,S1\nA,1\n",
        b"@r1\tS1\nACGT\t1\n+\t2\n",
        b">gene\tS1\nACGT\t1\n",
        b"A\n2\t1\n",
        b"",
    ],
)
def test_tables_are_not_taken_for_something_else(table: bytes) -> None:
    assert foreign_text(table) is None
