"""Reader of GCT 1.2, as GTEx gives its gene reads: a version, dimensions, a table.

See https://software.broadinstitute.org/software/igv/GCT and https://gtexportal.org.
"""

from __future__ import annotations

from dataclasses import replace

from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_layout import TextLayout
from gem_assets.counts.readers.text_table import header_of, read_text_table
from gem_assets.counts.readers.units import refuse_units_in_name
from gem_assets.problems import RefusedInputError, refuse

_HEADER_LINES = 2
_NAMES = ["Name", "Description"]


class GctReader:
    """Reads ``.gct`` and ``.gct.gz``: ``Name  Description  SAMPLE...`` below two lines."""

    rank = 10
    reads = "GCT 1.2 (.gct, .gct.gz), as from GTEx"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the version line."""
        return source.head.removeprefix(b"\xef\xbb\xbf").startswith((b"#1.2", b"#1.3"))

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        if b"#1.3" in source.head[:10]:
            raise refuse(
                "gct_version",
                "this is GCT 1.3, which holds labels among its counts.",
                "Write it again as GCT 1.2 or as a plain table of counts.",
            )
        refuse_units_in_name(source, "Give GTEx's gene_reads file, not its gene_tpm file.")
        n_genes, n_samples = _dimensions(header_of(source.head, 1))
        header = header_of(source.head, _HEADER_LINES)
        numbered = header[:3] == ["id", *_NAMES]
        if not numbered and header[:2] != _NAMES:
            raise _malformed(
                f"its third line begins {' '.join(header[:2])!r}, not {' '.join(_NAMES)!r}"
            )
        # GTEx's files of one tissue have a column of numbers before the names.
        table, _ = read_text_table(source, _HEADER_LINES, _numbered if numbered else _plain)
        if numbered:
            assert table.second_names is not None  # noqa: S101 - _numbered said so
            table = replace(table, row_names=table.second_names, second_names=None, ignored=())
        matrix, _ = table.genes_in_rows()
        if (matrix.n_genes, matrix.n_samples) != (n_genes, n_samples):
            raise _malformed(
                f"its second line announces {n_genes:,} genes and {n_samples:,} samples, but there "
                f"are {matrix.n_genes:,} and {matrix.n_samples:,}"
            )
        return CountsFile(matrix, "gct", "genes x samples", _notes(matrix.gene_ids))


def _dimensions(cells: list[str]) -> tuple[int, int]:
    numbers = [cell for cell in cells if cell]
    if len(numbers) != 2 or not all(n.isascii() and n.isdigit() for n in numbers):
        raise _malformed(
            f"its second line must hold the numbers of genes and samples, but is "
            f"{' '.join(cells)[:80]!r}"
        )
    return int(numbers[0]), int(numbers[1])


def _plain(layout: TextLayout) -> TextLayout:
    """Take Description for the second names, even where all of it says na."""
    return replace(layout, second_name=0, ignored=())


def _numbered(layout: TextLayout) -> TextLayout:
    return replace(layout, second_name=0, ignored=(1,))


def _notes(gene_ids: tuple[str, ...]) -> tuple[str, ...]:
    on_y = sum(gene_id.endswith("_PAR_Y") for gene_id in gene_ids)
    if not on_y:
        return ()
    return (f"{on_y} rows are the Y copies of pseudoautosomal genes (..._PAR_Y).",)


def _malformed(evidence: str) -> RefusedInputError:
    return refuse(
        "gct_malformed",
        f"this GCT file is cut off or was changed: {evidence}.",
        "Copy or download the file again.",
    )
