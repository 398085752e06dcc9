"""Files that are no counts and can be told by their first bytes, and what to do with each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gem_assets.counts.readers.hdf5 import MAGIC as HDF5
from gem_assets.counts.readers.hdf5 import open_hdf5
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import RefusedInputError


class Foreign(NamedTuple):
    """What a file is, in words that follow "this is", and what its owner should do."""

    what: str
    action: str


_IN_R = (
    "Write the raw counts as text in R: write.table(counts, 'counts.tsv', sep = '\\t', quote = "
    "FALSE), where counts is a matrix of genes x samples, e.g. assay(se, 'counts') of a "
    "SummarizedExperiment."
)
_READS = (
    "Give the counts that a quantifier (STAR, salmon, RSEM, featureCounts) made of these reads, "
    "not the reads."
)
_WORKBOOK = "Save the sheet of counts as CSV or tab-delimited text, and give that."
_DOWNLOAD = "Download the file again: open its address in a browser, and look what it gives."
_UNPACK = "Unpack it, and give the counts file (or the folder of them) that was in it."
_EXPORT = "Give the table of counts itself, as text, .h5ad or in a 10x format."

_BY_FIRST_BYTES: tuple[tuple[tuple[bytes, ...], Foreign], ...] = (
    ((b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n"), Foreign("R data (.rda, .RData)", _IN_R)),
    ((b"X\n\0\0\0\2", b"X\n\0\0\0\3"), Foreign("an R object (.rds)", _IN_R)),
    ((b"A\n2\n", b"A\n3\n"), Foreign("an R object (.rds, as text)", _IN_R)),
    ((b"%PDF",), Foreign("a PDF", _EXPORT)),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0"), Foreign("a picture", _EXPORT)),
    ((b"SQLite format 3\0",), Foreign("an SQLite database", "Export its counts as text.")),
    ((b"BAM\1",), Foreign("a BAM file of aligned reads", _READS)),
    ((b"CRAM\2", b"CRAM\3"), Foreign("a CRAM file of aligned reads", _READS)),
    ((b"@HD\t", b"@SQ\t"), Foreign("a SAM file of aligned reads", _READS)),
    ((b"##fileformat=VCF",), Foreign("a VCF of variants", _EXPORT)),
    ((b"\xd0\xcf\x11\xe0",), Foreign("an old workbook (.xls) or another Office file", _WORKBOOK)),
    (
        (b"\xfd7zXZ\0",),
        Foreign("a file compressed by xz", "Unpack it (xz -d), or pack it by gzip."),
    ),
    ((b"7z\xbc\xaf", b"Rar!"), Foreign("an archive (7z or rar)", _UNPACK)),
    ((b"\x93NUMPY",), Foreign("a NumPy array, which names neither genes nor samples", _EXPORT)),
    ((b"{\\rtf",), Foreign("a formatted text (RTF)", "Save it as plain text, and give that.")),
    (
        (b"version https://git-lfs.github.com/",),
        Foreign("a placeholder of Git LFS instead of the file", "Run git lfs pull."),
    ),
)

_JSON = re.compile(rb'\{\s*(?:"|\})|\[\s*["\[{]')
_TITLE = re.compile(rb"<title[^>]*>(.{1,200}?)</title>", re.IGNORECASE | re.DOTALL)
_FASTQ = re.compile(rb"@[^\n]+\n[A-Za-z.*-]+\r?\n\+")
_FASTA = re.compile(rb">[^\n]+\n[A-Za-z*-]+\r?\n")
_TAR = slice(257, 262)


def foreign_text(head: bytes) -> Foreign | None:
    """Tell what a file is whose first bytes say that it is no table; None if they don't.

    Parameters
    ----------
    head
        Its first bytes, decompressed.
    """
    return next(_told_by(head), None)


def foreign_file(source: CountsSource) -> Foreign | None:
    """Tell as `foreign_text` does, and look into HDF5 files, too."""
    found = foreign_text(source.head)
    if found is None and source.head.startswith(HDF5):
        return _hdf5(source)
    return found


def _told_by(head: bytes) -> Iterator[Foreign]:
    for beginnings, foreign in _BY_FIRST_BYTES:
        if head.startswith(beginnings):
            yield foreign
    if head.startswith(b"PK\3\4"):
        yield _zip(head)
    if head[_TAR] == b"ustar":
        yield Foreign("an archive (tar)", _UNPACK)
    text = head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    start = text[:64].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        title = _TITLE.search(head)
        said = b" ".join(title[1].split()).decode("utf-8", "replace")[:80] if title else ""
        yield Foreign(f"a web page{f' ({said!r})' if said else ''}", _DOWNLOAD)
    if start.startswith((b"<?xml", b"<svg", b"<error")):
        yield Foreign("XML", _DOWNLOAD)
    if _JSON.match(text):
        yield Foreign("JSON", "If a server answered so, read what it says; else export a table.")
    if _FASTQ.match(text):
        yield Foreign("a FASTQ file of reads", _READS)
    if _FASTA.match(text):
        yield Foreign("a FASTA file of sequences", _READS)


def _zip(head: bytes) -> Foreign:
    if b"xl/" in head or b"[Content_Types].xml" in head or b"opendocument.spreadsheet" in head:
        return Foreign("a workbook (Excel or another spreadsheet's)", _WORKBOOK)
    if b".npy" in head:
        return Foreign("a file of NumPy arrays (.npz)", _EXPORT)
    return Foreign("a zip archive (or a workbook)", f"{_UNPACK} {_WORKBOOK}")


def _hdf5(source: CountsSource) -> Foreign | None:
    try:
        with open_hdf5(source) as file:
            names = set(file)
    except RefusedInputError:
        return None
    if {"matrix", "row_attrs"} <= names:
        return Foreign(
            "a Loom file",
            "Convert it: anndata.io.read_loom('counts.loom').write_h5ad('counts.h5ad') in Python.",
        )
    if "assays" in names:
        return Foreign(
            "a Seurat object in HDF5 (.h5Seurat)", "Convert it to .h5ad, or export text."
        )
    return None
