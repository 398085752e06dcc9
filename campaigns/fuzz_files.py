"""The small real files that the fuzz campaign damages, and how each is read in the plainest way.

A reference knows its format beforehand and reads it with ``csv`` and ``float`` alone: what it says
of damaged bytes is what these bytes say.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

SAMPLES = ("S1", "S2", "S3", "S4")
GENES = 60


@dataclass(frozen=True)
class Table:
    """Counts as a reference or a reader gives them: names of samples, and a row a gene."""

    samples: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]

    def same(self, other: Table) -> bool:
        """Whether both hold the same counts under the same names, in any order."""
        return self._key() == other._key()

    def _key(self) -> tuple[tuple[str, ...], list[tuple[str, tuple[float, ...]]]]:
        order = sorted(range(len(self.samples)), key=lambda i: self.samples[i])
        names = tuple(_bare(self.samples[i]) for i in order)
        return names, sorted((_bare(gene), tuple(v[i] for i in order)) for gene, v in self.rows)


def _bare(name: str) -> str:
    """Return a name without white space and quotation marks: HTSeq writes none, so keeps them."""
    return name.replace('"', "").strip()


class NoReferenceError(ValueError):
    """The reference can't read these bytes either: whoever accepts them makes something up."""


@dataclass(frozen=True)
class FuzzFile:
    """One file of a format.

    Attributes
    ----------
    name
        Of the format.
    file
        Its file name, where the format is read from a file of that name.
    content
        Undamaged bytes.
    delimiter
        Between cells.
    head
        Lines before the first row of counts.
    reference
        Reads bytes of this format.
    beside
        Names and bytes of other files that lie beside it, where a folder of them is read.
    """

    name: str
    file: str
    content: bytes
    delimiter: str
    head: int
    reference: Callable[[bytes], Table]
    beside: tuple[tuple[str, bytes], ...] = ()


@cache
def _real() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return some genes of the shipped LNCaP samples, none of them without counts."""
    path = Path(__file__).parents[1] / "data" / "bulk" / "lncap" / "counts.tsv.gz"
    found = []
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        for row in rows:
            counts = tuple(int(cell) for cell in row[1 : 1 + len(SAMPLES)])
            if min(counts) > 0:
                found.append((row[0], counts))
            if len(found) == GENES:
                break
    return tuple(found)


def unpacked(content: bytes) -> bytes:
    """Return bytes as they were before they were compressed."""
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        if content.startswith(b"BZh"):
            return bz2.decompress(content)
        if content.startswith(b"\x28\xb5\x2f\xfd"):
            with pa.input_stream(pa.BufferReader(content), compression="zstd") as stream:
                return bytes(stream.read())
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise NoReferenceError("it can't be unpacked") from error
    return content


def cells(content: bytes, delimiter: str) -> list[list[str]]:
    """Return the cells of text; lines without any are left out."""
    content = unpacked(content)
    try:
        # What isn't UTF-8 matters in names and counts alone: there it is a name nobody else reads.
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        text = text.replace("\r\n", "\n").replace("\r", " ")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise NoReferenceError(str(error)) from error
    return [[cell.strip() for cell in row] for row in rows if row]


def number(cell: str) -> float:
    """Return a cell as a number, as Python reads it."""
    if not cell.isascii() or "_" in cell:
        raise NoReferenceError(f"{cell!r} is no number")
    try:
        value = float(cell)
    except ValueError as error:
        raise NoReferenceError(f"{cell!r} is no number") from error
    if value != value or value in (float("inf"), float("-inf")):
        raise NoReferenceError(f"{cell!r} is no count")
    return value


def _require_width(rows: list[list[str]], width: int) -> None:
    for row in rows:
        if len(row) != width:
            raise NoReferenceError("ragged")


def wide(
    delimiter: str, *, skip: int = 0, names: int = 1, sample_name: Callable[[str], str] = str
) -> Callable[[bytes], Table]:
    """Return the reference of genes x samples below some lines and right of some columns."""

    def read(content: bytes) -> Table:
        rows = cells(content, delimiter)
        rows = rows[skip:] if skip != 1 or (rows[:1] and rows[0][0].startswith("#")) else rows
        if len(rows) < 2:
            raise NoReferenceError("no rows")
        if len(rows[0]) == len(rows[1]) - 1:  # R leaves the heading of the names out
            rows[0].insert(0, "")
        _require_width(rows[1:], len(rows[0]))
        samples = tuple(map(sample_name, rows[0][names:]))
        body = ((row[0], tuple(map(number, row[names:]))) for row in rows[1:])
        return Table(samples, tuple(body))

    return read


def lying(delimiter: str) -> Callable[[bytes], Table]:
    """Return the reference of samples x genes."""
    upright = wide(delimiter)

    def read(content: bytes) -> Table:
        table = upright(content)
        columns = zip(*(values for _, values in table.rows), strict=True)
        samples = tuple(name for name, _ in table.rows)
        return Table(samples, tuple(zip(table.samples, columns, strict=True)))

    return read


def per_sample(sample: str, heading: str | None = None) -> Callable[[bytes], Table]:
    """Return the reference of a file of one sample: the column of a heading, or the second."""
    return lambda content: _one_sample(cells(content, "\t"), sample, heading)


def _one_sample(rows: list[list[str]], sample: str, heading: str | None) -> Table:
    if len(rows) < 2:
        raise NoReferenceError("no rows")
    _require_width(rows, len(rows[0]))
    column = 1
    if heading is not None:
        if rows[0].count(heading) != 1:
            raise NoReferenceError(f"there is no column {heading}, or several")
        column = rows.pop(0).index(heading)
    genes = [r for r in rows if not r[0].startswith(("N_", "__"))]
    return Table((sample,), tuple((r[0], (number(r[column]),)) for r in genes))


def gdc(sample: str) -> Callable[[bytes], Table]:
    """Return the reference of GDC's files: the column ``unstranded`` below a comment."""

    def read(content: bytes) -> Table:
        rows = cells(content, "\t")
        rows = rows[1:] if rows[:1] and rows[0][0].startswith("#") else rows
        return _one_sample(rows, sample, "unstranded")

    return read


def star(sample: str) -> Callable[[bytes], Table]:
    """Return the reference of STAR's files: the column of the strand that holds most reads.

    It is a strand's if that has 80 % of the reads and the fewer of ``N_noFeature``.
    """

    def read(content: bytes) -> Table:
        rows = cells(content, "\t")
        if len(rows) < 2:
            raise NoReferenceError("no rows")
        _require_width(rows, 4)
        counts = [(row[0], [number(cell) for cell in row[1:]]) for row in rows]
        genes = [row for row in counts if not row[0].startswith("N_")]
        sums = [sum(values[i] for _, values in genes) for i in range(3)]
        missed = [sum(v[i] for name, v in counts if name == "N_noFeature") for i in range(3)]
        best, other = (1, 2) if sums[1] >= sums[2] else (2, 1)
        stranded = sums[best] >= 0.8 * (sums[1] + sums[2]) > 0 and missed[best] <= missed[other]
        taken = best if stranded else 0
        return Table((sample,), tuple((name, (values[taken],)) for name, values in genes))

    return read


def together(
    damaged: Callable[[bytes], Table], other: Callable[[bytes], Table], beside: bytes
) -> Callable[[bytes], Table]:
    """Return the reference of a folder of two files of one sample each: the same genes in both."""

    def read(content: bytes) -> Table:
        one, two = damaged(content), other(beside)
        values = dict(two.rows)
        if len(dict(one.rows)) != len(one.rows) or values.keys() != dict(one.rows).keys():
            raise NoReferenceError("the samples have different genes")
        rows = ((gene, (*counts, *values[gene])) for gene, counts in one.rows)
        return Table((*one.samples, *two.samples), tuple(rows))

    return read


def _text(rows: Sequence[Sequence[object]], delimiter: str = "\t") -> bytes:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows).encode()


def bam_name(name: str) -> str:
    """Return the name of a sample without the folder and ending of its BAM file."""
    return name.rsplit("/", 1)[-1].removesuffix(".bam") if name.endswith(".bam") else name


@cache
def fuzz_files() -> tuple[FuzzFile, ...]:
    """Return a file of each text format, written to its documented layout."""
    real = _real()
    header = list(SAMPLES)
    ids = [[gene, *counts] for gene, counts in real]
    named = [[gene, f"GENE{i}", *counts] for i, (gene, counts) in enumerate(real)]
    turned = [[name, *(counts[i] for _, counts in real)] for i, name in enumerate(SAMPLES)]
    genes = [gene for gene, _ in real]
    first = [(gene, counts[0]) for gene, counts in real]
    halves = [[g, f"GENE{i}", *(c + 0.25 * (i % 3) for c in v)] for i, (g, v) in enumerate(real)]
    fc = [[g, "1", 100 + i, 900 + i, "+", 801, *v] for i, (g, v) in enumerate(real)]
    comment = b'# Program:featureCounts v2.0.1; Command:"featureCounts"\n'
    fc_header = ["Geneid", "Chr", "Start", "End", "Strand", "Length"]
    summary = [["__no_feature", 5], ["__ambiguous", 5], ["__too_low_aQual", 0]]
    summary += [["__not_aligned", 3], ["__alignment_not_unique", 7]]
    rsem = [[g, f"{g}_T", 1500.0, 1350.5, n, 1.5, 1.25] for g, n in first]
    rsem_header = ["gene_id", "transcript_id(s)", "length", "effective_length"]
    rsem_header += ["expected_count", "TPM", "FPKM"]
    salmon = [[g, 1500.0, 1350.5, 2.5, n] for g, n in first]
    salmon_header = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
    second = [[g, f"{g}_T", 1500.0, 1350.5, v[1], 1.5, 1.25] for g, v in real]
    rsem_first, rsem_second = (_text([rsem_header, *body]) for body in (rsem, second))
    star_rows = [[f"N_{what}", 9, 9, 9] for what in ("unmapped", "multimapping")]
    star_rows += [["N_noFeature", 9, 900, 60], ["N_ambiguous", 3, 1, 1]]
    star_rows += [[g, 2 * n, n // 50, 2 * n - n // 50] for g, n in first]
    gdc_header = ["gene_id", "gene_name", "gene_type", "unstranded", "stranded_first"]
    gdc_header += ["stranded_second", "tpm_unstranded"]
    missed = ("unmapped", "multimapping", "noFeature", "ambiguous")
    gdc_rows = [[f"N_{what}", "", "", 9, 9, 9, ""] for what in missed]
    gdc_rows += [[g, f"GENE{i}", "lncRNA", n, 1, 2, 0.5] for i, (g, n) in enumerate(first)]
    by_entrez = [[7000 + i, *counts] for i, (_, counts) in enumerate(real)]
    gct = b"#1.2\n" + _text([[GENES, len(SAMPLES)], ["Name", "Description", *header], *named])
    tsv, csv_text = wide("\t"), wide(",")
    return (
        FuzzFile("tsv", "counts.tsv", _text([["gene_id", *header], *ids]), "\t", 1, tsv),
        FuzzFile("csv", "counts.csv", _text([["gene_id", *header], *ids], ","), ",", 1, csv_text),
        FuzzFile(
            "semicolons", "counts.csv", _text([["gene_id", *header], *ids], ";"), ";", 1, wide(";")
        ),
        FuzzFile(
            "csv, samples x genes",
            "counts.csv",
            _text([["sample_id", *genes], *turned], ","),
            ",",
            1,
            lying(","),
        ),
        FuzzFile(
            "nfcore_merged",
            "salmon.merged.gene_counts.tsv",
            _text([["gene_id", "gene_name", *header], *halves]),
            "\t",
            1,
            wide("\t", names=2),
        ),
        FuzzFile(
            "featurecounts",
            "counts.txt",
            comment + _text([[*fc_header, *(f"bam/{s}.bam" for s in header)], *fc]),
            "\t",
            2,
            wide("\t", skip=1, names=6, sample_name=bam_name),
        ),
        FuzzFile("gct", "reads.gct", gct, "\t", 3, wide("\t", skip=2, names=2)),
        FuzzFile(
            "htseq",
            "S1.txt",
            _text([*map(list, first), *summary]),
            "\t",
            0,
            per_sample("S1"),
        ),
        FuzzFile(
            "rsem",
            "S1.genes.results",
            _text([rsem_header, *rsem]),
            "\t",
            1,
            per_sample("S1", "expected_count"),
        ),
        FuzzFile(
            "rsem, two samples",
            "run/S1.genes.results",
            rsem_first,
            "\t",
            1,
            together(
                per_sample("S1", "expected_count"),
                per_sample("S2", "expected_count"),
                rsem_second,
            ),
            (("run/S2.genes.results", rsem_second),),
        ),
        FuzzFile("star", "S1ReadsPerGene.out.tab", _text(star_rows), "\t", len(missed), star("S1")),
        FuzzFile(
            "gdc",
            "S1.rna_seq.augmented_star_gene_counts.tsv",
            b"# gene-model: GENCODE v36\n" + _text([gdc_header, *gdc_rows]),
            "\t",
            2 + len(missed),
            gdc("S1"),
        ),
        FuzzFile(
            "geo_ncbi",
            "GSE1_raw_counts_GRCh38.p13_NCBI.tsv",
            _text([["GeneID", *(f"GSM{i}" for i in range(len(SAMPLES)))], *by_entrez]),
            "\t",
            1,
            tsv,
        ),
        FuzzFile(
            "salmon_genes",
            "S1/quant.genes.sf",
            _text([salmon_header, *salmon]),
            "\t",
            1,
            per_sample("S1", "NumReads"),
        ),
    )
