"""A sample's expression in 256 numbers: enough to find what is nearly the same, in linear time.

The log1p CPM of a sample, centred and of unit length, is multiplied with a random +-1 matrix; the
cosine of two such signatures estimates the Pearson correlation of the samples with a standard
error of (1 - r^2) / 16, .0006 at r = .995 (random projection: Johnson & Lindenstrauss 1984;
signs in place of normal numbers: Achlioptas 2003, doi:10.1016/S0022-0000(03)00025-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import t as student

from gem_assets.qc.adjustments import SCALED_MAD

SIGNATURE_LENGTH = 256
"""Numbers in a signature: 1 kB a sample; doubling it would shrink the error by a third only."""

LEAST_DETECTED_GENES = 10
"""Samples with fewer genes are compared with nothing: equal by chance, or by being empty."""

NEAR_R = 0.995
"""Pearson correlation of log1p CPM from which two samples may be one library.

No pair among 119 real samples of four studies reaches it; the nearest, two lymphoblastoid lines
of GEUVADIS, is at .982. A sample against half of its own reads: .996 to .999 at 8 to 13 million
reads, .989 to .995 at 1 to 2 million: copies and recounts are found, runs of a shallow library are
not, since the chance of sampling parts them.
"""

CHANCE = 0.001
"""Share of the same-label pairs that may lie above a cutoff: those beyond the 99.9th percentile."""

FALSE_PAIRS = 0.05
"""Pairs of one label expected above its cutoff by chance, where .001 of all would be more."""

LEAST_PAIRS = 10
"""Fewer same-label pairs (five samples) have no percentile of their own; all labels share one."""

ROWS_A_BLOCK = 256
"""Samples held as dense float32 at a time: 20 MB at 20,000 genes."""


@dataclass(frozen=True, slots=True, eq=False)
class Signatures:
    """What duplicates of a dataset's samples are found by, also from another dataset.

    Attributes
    ----------
    dataset
        Name of the dataset.
    gene_order_hash
        Hash of the gene order of its aligned counts; other orders can't be compared.
    sample_ids
        Its samples.
    content_hashes
        Hash of the aligned counts of each sample.
    compared
        Samples with enough genes to compare, shape (n_samples,).
    vectors
        Unit vectors, n_samples x `SIGNATURE_LENGTH`, float32 (zeros where a sample isn't
        compared); None where only hashes are known.
    cutoffs
        Correlation above which a pair is no longer explained by the label that the sample
        shares with others, shape (n_samples,): at least `NEAR_R`.
    """

    dataset: str
    gene_order_hash: str
    sample_ids: tuple[str, ...]
    content_hashes: tuple[str, ...]
    compared: NDArray[np.bool_]
    vectors: NDArray[np.float32] | None
    cutoffs: NDArray[np.float64]

    def __post_init__(self) -> None:
        lengths = {
            "content_hashes": len(self.content_hashes),
            "compared": len(self.compared),
            "cutoffs": len(self.cutoffs),
        }
        if self.vectors is not None:
            lengths["vectors"] = len(self.vectors)
        for name, length in lengths.items():
            if length != len(self.sample_ids):
                raise ValueError(f"{len(self.sample_ids)} samples, but {length} {name}")


def hashes_only(
    dataset: str, gene_order_hash: str, sample_ids: Sequence[str], content_hashes: Sequence[str]
) -> Signatures:
    """Return what exact duplicates are found by, where the counts aren't at hand.

    Hashes of samples without enough genes are not known to be such; the samples that they are
    compared with are.
    """
    n = len(sample_ids)
    return Signatures(
        dataset=dataset,
        gene_order_hash=gene_order_hash,
        sample_ids=tuple(sample_ids),
        content_hashes=tuple(content_hashes),
        compared=np.ones(n, dtype=np.bool_),
        vectors=None,
        cutoffs=np.full(n, NEAR_R),
    )


def sign(
    dataset: str,
    gene_order_hash: str,
    sample_ids: Sequence[str],
    content_hashes: Sequence[str],
    counts: sparse.csr_array,
    labels: Sequence[str | None] | None = None,
) -> Signatures:
    """Return the signatures of a dataset, and the cutoff of each sample's label.

    Time grows linearly with samples, memory beyond the result stays at `ROWS_A_BLOCK` dense rows.

    A label's cutoff is a high percentile of the correlations between samples that share it, so
    that replicates of a cell line, all alike, are not called duplicates. It is not read off the
    ranked pairs: duplicates would raise their own bar (of ten in 100 samples, five would lie above
    the 99.9th percentile), and of 50 million pairs .001 would be 50,000 findings. Median and MAD
    of Fisher's z (Fisher 1921, Metron 1:3), which duplicates hardly move, place Student's t: its
    99.9th percentile, or a higher one where so many pairs would otherwise give more than
    `FALSE_PAIRS` by chance. Its degrees of freedom are the samples', not the pairs', which depend
    on one another (simulated replicates of 5 to 60 samples, all pairs above `NEAR_R`: at most
    1.5 % of the datasets have a false pair, 5 to 13 % by a normal distribution).

    Parameters
    ----------
    dataset, gene_order_hash, sample_ids, content_hashes
        As in :class:`Signatures`.
    counts
        Aligned counts, samples x model genes.
    labels
        What the samples are said to be (tissue, cell line...); samples without one share the
        label "none". None: they are all the same.
    """
    stated = ["none" if label is None else label for label in labels or [None] * len(sample_ids)]
    compared = np.diff(counts.indptr) >= LEAST_DETECTED_GENES
    signs = _signs(counts.shape[1])
    vectors = np.zeros((len(sample_ids), SIGNATURE_LENGTH), dtype=np.float32)
    groups = _groups(stated, compared)
    kin: list[list[NDArray[np.float64]]] = [[] for _ in groups]
    for block in _blocks(groups):
        profiles = unit_profiles(counts, np.concatenate([rows for _, rows in block]))
        projected = profiles @ signs
        start = 0
        for label, rows in block:
            members = slice(start, start + len(rows))
            vectors[rows] = projected[members]
            r = profiles[members] @ profiles[members].T
            kin[label].append(_fisher_z(r[np.triu_indices(len(rows), 1)]))
            start = members.stop
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    of_labels = [np.concatenate(pairs) for pairs in kin]
    together = np.concatenate([np.empty(0), *of_labels])
    cutoffs = np.full(len(sample_ids), NEAR_R)
    for rows, pairs in zip(groups, of_labels, strict=True):
        known = pairs if len(pairs) >= LEAST_PAIRS else together
        cutoffs[rows] = max(NEAR_R, _cutoff(known, len(rows)))
    return Signatures(
        dataset=dataset,
        gene_order_hash=gene_order_hash,
        sample_ids=tuple(sample_ids),
        content_hashes=tuple(content_hashes),
        compared=compared,
        vectors=vectors,
        cutoffs=cutoffs,
    )


def unit_profiles(counts: sparse.csr_array, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return log1p CPM of some samples, centred and of unit length: their products are Pearson r.

    CPM are of the library on the model's genes. A sample without counts, or with the same count
    everywhere, is zeros.

    Parameters
    ----------
    counts
        Aligned counts, samples x genes.
    rows
        Positions of the samples, shape (k,).

    Returns
    -------
    numpy.ndarray
        float32, k x genes.
    """
    block = counts[rows].astype(np.float32)
    totals = np.asarray(block.sum(axis=1, dtype=np.float64)).ravel()
    scale = np.divide(1e6, totals, out=np.zeros_like(totals), where=totals > 0)
    block.data = np.log1p(block.data * np.repeat(scale, np.diff(block.indptr)).astype(np.float32))
    dense: NDArray[np.float32] = block.toarray()
    dense -= dense.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    lengths = np.linalg.norm(dense, axis=1, keepdims=True)
    np.divide(dense, lengths, out=dense, where=lengths > 0)
    return dense


def pearson(
    counts: sparse.csr_array, left: NDArray[np.intp], right: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return Pearson's r of log1p CPM of the samples ``left[k]`` and ``right[k]``, shape (k,)."""
    r = np.empty(len(left))
    for start in range(0, len(left), ROWS_A_BLOCK // 2):
        pairs = slice(start, start + ROWS_A_BLOCK // 2)
        rows, position = np.unique(np.concatenate([left[pairs], right[pairs]]), return_inverse=True)
        profiles = unit_profiles(counts, rows)
        a, b = np.split(position, 2)
        r[pairs] = np.einsum("ij,ij->i", profiles[a], profiles[b], dtype=np.float64)
    return np.minimum(r, 1.0)


def _signs(n_genes: int) -> NDArray[np.float32]:
    """Return the projection, n_genes x `SIGNATURE_LENGTH`: the same for every dataset."""
    rng = np.random.Generator(np.random.PCG64(20030629))
    bits = np.unpackbits(rng.integers(0, 256, (n_genes, SIGNATURE_LENGTH // 8), dtype=np.uint8), 1)
    signs: NDArray[np.float32] = bits.astype(np.float32) * 2 - 1
    return signs


def _groups(labels: Sequence[str], compared: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the positions of the compared samples of each label."""
    codes, _ = pd.factorize(np.asarray(labels, dtype=object))
    positions = np.flatnonzero(compared)
    by_label = positions[np.argsort(codes[positions], kind="stable")]
    starts = np.flatnonzero(np.diff(codes[by_label])) + 1
    return [group for group in np.split(by_label, starts) if len(group)]


def _blocks(groups: list[NDArray[np.intp]]) -> Iterator[list[tuple[int, NDArray[np.intp]]]]:
    """Yield (label, rows) of up to `ROWS_A_BLOCK` rows together; only larger labels are split."""
    block: list[tuple[int, NDArray[np.intp]]] = []
    filled = 0
    for label, members in enumerate(groups):
        for start in range(0, len(members), ROWS_A_BLOCK):
            rows = members[start : start + ROWS_A_BLOCK]
            if filled + len(rows) > ROWS_A_BLOCK:
                yield block
                block, filled = [], 0
            block.append((label, rows))
            filled += len(rows)
    if block:
        yield block


def _fisher_z(r: NDArray[Any]) -> NDArray[np.float64]:
    # float32 knows no r nearer to 1; equal samples would be at infinity.
    nearest = 1 - 1e-6
    z: NDArray[np.float64] = np.arctanh(np.clip(r.astype(np.float64), -nearest, nearest))
    return z


def _cutoff(z: NDArray[np.float64], n_samples: int) -> float:
    """Return the correlation that same-label pairs exceed by chance only rarely."""
    if len(z) < LEAST_PAIRS:
        return NEAR_R
    median = float(np.median(z))
    mad = SCALED_MAD * float(np.median(np.abs(z - median)))
    n_samples = max(2, n_samples)
    n_pairs = n_samples * (n_samples - 1) / 2
    return float(
        np.tanh(median + student.isf(min(CHANCE, FALSE_PAIRS / n_pairs), n_samples - 1) * mad)
    )
