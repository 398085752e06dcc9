"""Files of counts, written to the layouts that their programs document."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.genes.table import load_gene_table

# A file a sample

GENES = ("ENSG00000141510", "ENSG00000012048.23", "ENSG00000229807", "ENSG00000067048")
COUNTS = {"S1": (5, 0, 7, 1), "S2": (0, 3, 0, 12)}


def star(
    genes: Sequence[str] = GENES,
    counts: Sequence[int] = COUNTS["S1"],
    strand: str = "reverse",
    times: int = 1000,
) -> str:
    shares = {"reverse": (0.02, 0.98), "forward": (0.98, 0.02), "none": (0.5, 0.5)}
    other = {"reverse": (900, 60), "forward": (60, 900), "none": (400, 410)}[strand]
    rows = [
        ("N_unmapped", 10, 10, 10),
        ("N_multimapping", 4, 4, 4),
        ("N_noFeature", 50, *other),
        ("N_ambiguous", 3, 1, 1),
    ]
    forward, reverse = shares[strand]
    for gene, n in zip(genes, counts, strict=True):
        n *= times  # noqa: PLW2901
        rows.append((gene, n, round(n * forward), round(n * reverse)))
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def gdc(genes: Sequence[str] = GENES, counts: Sequence[int] = COUNTS["S1"]) -> str:
    lines = [
        "# gene-model: GENCODE v36",
        "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\t"
        "tpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded",
        *(f"N_{what}\t\t\t9\t9\t9\t\t\t" for what in ("unmapped", "multimapping", "noFeature")),
        "N_ambiguous\t\t\t9\t9\t9\t\t\t",
        *(
            f"{gene}\tSYM{i}\tprotein_coding\t{n}\t1\t2\t0.5\t0.25\t0.3"
            for i, (gene, n) in enumerate(zip(genes, counts, strict=True))
        ),
    ]
    return "\n".join(lines) + "\n"


def htseq(genes: Sequence[str] = GENES, counts: Sequence[int] = COUNTS["S1"]) -> str:
    lines = [f"{gene}\t{n}" for gene, n in zip(genes, counts, strict=True)]
    ends = ("no_feature", "ambiguous", "too_low_aQual", "not_aligned", "alignment_not_unique")
    return "\n".join([*lines, *(f"__{end}\t77" for end in ends)]) + "\n"


def rsem(genes: Sequence[str] = GENES, counts: Sequence[float] = COUNTS["S1"]) -> str:
    head = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM"
    lines = [
        f"{gene}\tENST0,ENST1\t2100.5\t1900.5\t{n}\t1.5\t2.5"
        for gene, n in zip(genes, counts, strict=True)
    ]
    return "\n".join([head, *lines]) + "\n"


def salmon(genes: Sequence[str] = GENES, counts: Sequence[float] = COUNTS["S1"]) -> str:
    lines = [f"{gene}\t2100\t1900.5\t1.5\t{n}" for gene, n in zip(genes, counts, strict=True)]
    return "\n".join(["Name\tLength\tEffectiveLength\tTPM\tNumReads", *lines]) + "\n"


# Wide tables


def symbols_of(gene_ids: Sequence[str]) -> list[str]:
    table = load_gene_table().set_index("gene_id")["symbol"]
    return [str(table.get(gene_id, gene_id) or gene_id) for gene_id in gene_ids]


def plain(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def write_table(
    path: Path,
    header: Sequence[str],
    names: Iterable[Sequence[str]],
    values: NDArray,
    before: str = "",
    number: Callable[[float], str] = plain,
) -> Path:
    """Write genes x samples below some lines; packed where the name ends in .gz."""
    lines = ["\t".join(header)]
    lines += [
        "\t".join([*name, *map(number, row)])
        for name, row in zip(names, values.tolist(), strict=True)
    ]
    content = (before + "\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)
    return path


def nf_core(path: Path, part: CountMatrix, values: NDArray, **how: object) -> Path:
    names = zip(part.gene_ids, symbols_of(part.gene_ids), strict=True)
    header = ["gene_id", "gene_name", *part.sample_ids]
    return write_table(path, header, names, values.T, **how)


COMMENT = (
    '# Program:featureCounts v2.0.1; Command:"featureCounts" "-T" "8" "-a" "genes.gtf" '
    '"-o" "counts.txt" "runs/A.bam" \n'
)
ANNOTATION = ["Geneid", "Chr", "Start", "End", "Strand", "Length"]


def feature_counts(path: Path, part: CountMatrix, columns: Sequence[str], before: str) -> Path:
    names = [
        (gene_id, "chr1;chr1", f"{i};{i + 50}", f"{i + 9};{i + 90}", "+;+", str(i + 90))
        for i, gene_id in enumerate(part.gene_ids)
    ]
    return write_table(path, [*ANNOTATION, *columns], names, part.counts.toarray().T, before, str)


def gct(path: Path, part: CountMatrix, *, n_genes: int | None = None, numbered: bool = False):
    dense = part.counts.toarray().T
    ids, names = part.gene_ids, symbols_of(part.gene_ids)
    columns = [*(["id"] if numbered else []), "Name", "Description", *part.sample_ids]
    rows = [
        ([str(i)] if numbered else []) + [gene_id, name]
        for i, (gene_id, name) in enumerate(zip(ids, names, strict=True))
    ]
    before = f"#1.2\n{n_genes or len(ids)}\t{part.n_samples}\n"
    return write_table(path, columns, rows, dense, before, str)


def geo(path: Path, part: CountMatrix, values: NDArray, ids: Sequence[str] | None = None) -> Path:
    ids = ids or [str(i + 1) for i in range(part.n_genes)]
    header = ["GeneID", *(f"GSM{5_000_000 + i}" for i in range(part.n_samples))]
    return write_table(path, header, [[i] for i in ids], values.T, number=plain)


# 10x


def matrix_market(table: NDArray, field: str = "integer") -> str:
    """Return 10x's ``matrix.mtx`` (genes x cells) of a table of cells x genes."""
    rows, cells = np.nonzero(table.T)
    order = np.lexsort((rows, cells))
    lines = [
        f"%%MatrixMarket matrix coordinate {field} general",
        '%metadata_json: {"format_version": 2}',
        f"{table.shape[1]} {table.shape[0]} {len(rows)}",
        *(f"{rows[i] + 1} {cells[i] + 1} {table[cells[i], rows[i]]}" for i in order),
    ]
    return "\n".join(lines) + "\n"


def tenx_h5(
    path: Path,
    group: str,
    table: NDArray,
    names: Mapping[str, Sequence[str]],
    **changes: NDArray,
) -> Path:
    """Write cells x genes; the group is ``matrix`` since CellRanger 3, a genome before.

    ``names`` are those of ``cells``, ``genes`` and ``symbols``, and the ``types`` and ``genomes``
    of the genes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = sparse.csr_array(table)
    parts: Mapping[str, np.ndarray] = {
        "barcodes": np.array(names["cells"], dtype="S"),
        "data": counts.data.astype(np.int32),
        "indices": counts.indices.astype(np.int64),
        "indptr": counts.indptr.astype(np.int64),
        "shape": np.array(table.shape[::-1], dtype=np.int32),
    }
    with h5py.File(path, "a") as file:
        node = file.create_group(group)
        for name, values in {**parts, **changes}.items():
            node.create_dataset(name, data=values)
        if group == "matrix":
            own = node.create_group("features")
            own.create_dataset("id", data=np.array(names["genes"], dtype="S"))
            own.create_dataset("name", data=np.array(names["symbols"], dtype="S"))
            own.create_dataset("feature_type", data=np.array(names["types"], dtype="S"))
            own.create_dataset("genome", data=np.array(names["genomes"], dtype="S"))
        else:
            node.create_dataset("genes", data=np.array(names["genes"], dtype="S"))
            node.create_dataset("gene_names", data=np.array(names["symbols"], dtype="S"))
    return path
