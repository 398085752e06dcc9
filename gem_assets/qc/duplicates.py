"""Samples that are one sample: identical or nearly identical counts, in a dataset or two.

Copied files and libraries registered twice count one donor twice, and leave a sample without its
own counts. Replicates are alike too, so a sheet that names donors or batches has its say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from gem_assets.qc.duplicate_findings import (
    SampleFacts,
    across_finding,
    identical_finding,
    near_finding,
)
from gem_assets.qc.findings import Finding
from gem_assets.qc.signatures import ROWS_A_BLOCK, Signatures, pearson

PREFILTER = 2.0
"""Pairs whose signatures differ up to so many times as much as a cutoff allows are counted out.

1 - r by signatures is off by a factor that follows the square root of F(255, 256); a pair at the
cutoff is missed in 2 of 100 million cases, one above it less often.
"""

PARTNERS = 4
"""Nearest samples of each that are counted out; bounds the time where nearly all are alike.

Of more than four near copies of a sample, each is still linked with four.
"""


def duplicates_within(
    signatures: Signatures, counts: sparse.csr_array, facts: SampleFacts | None = None
) -> list[Finding]:
    """Return the groups of samples of one dataset that are the same sample.

    Identical: equal content hash. Nearly identical: Pearson's r of log1p CPM above the cutoffs of
    both samples (see :func:`gem_assets.qc.signatures.sign`). Signatures choose the pairs, counts
    decide. Linked pairs make a group; a group states its least and greatest r. Latents decide
    nothing: the sentence says whether the model sees the samples side by side, too.

    Memory stays at a block of samples, whatever their number; the comparison of signatures grows
    with its square, at 256 multiplications a pair.

    Parameters
    ----------
    signatures
        Of the dataset, with vectors.
    counts
        Aligned counts, samples x model genes, in the order of the signatures.
    facts
        What the sheet and the model say of the samples, in their order.

    Returns
    -------
    list of Finding
        Kind ``duplicate``; the score is Pearson's r of the least alike linked pair, 1 where
        identical. Identical groups first, each in the order of the samples.
    """
    known = facts or SampleFacts()
    identical = _identical_groups(signatures)
    findings = [identical_finding(signatures, group, known) for group in identical]
    # Copies would fill the places of each other's partners: one of each stands for all.
    copies = {group[0]: group for group in identical}
    redundant = {row for group in identical for row in group[1:]}
    rows = np.array(
        [row for row in np.flatnonzero(signatures.compared) if row not in redundant], dtype=np.intp
    )
    left, right, r = _near_pairs(signatures, counts, rows)
    n = len(signatures.sample_ids)
    graph = sparse.coo_array((np.ones(len(left)), (left, right)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    links: dict[int, list[float]] = defaultdict(list)
    for row, value in zip(left, r, strict=True):
        links[int(component[row])].append(float(value))
    for name in dict.fromkeys(int(c) for c in component):
        if name in links:
            members = [int(row) for row in np.flatnonzero(component == name)]
            group = sorted({row for member in members for row in copies.get(member, [member])})
            findings.append(near_finding(signatures, group, links[name], known))
    return findings


def duplicates_across(signatures: Signatures, others: Iterable[Signatures]) -> list[Finding]:
    """Return what a dataset has in common with others: at most two findings for each.

    Near duplicates are called by the signatures alone (standard error .0006 at r = .995), with
    the interval that this leaves. Datasets aligned to another gene order are passed over; so are
    donors, whose names in two datasets need not mean the same. A file that lacks genes of the
    other's, or was aligned to another genome, is less alike and may be missed.

    Parameters
    ----------
    signatures
        Of the dataset.
    others
        Of other datasets; those without vectors are compared by their hashes.

    Returns
    -------
    list of Finding
        Kind ``duplicate``, ``other_dataset`` set, ``sample_ids`` the samples of this dataset. The
        score is r of the least alike pair.

    Raises
    ------
    ValueError
        If the dataset is among the others.
    """
    findings = []
    for other in others:
        if other.dataset == signatures.dataset:
            raise ValueError(f"{other.dataset} is compared with itself")
        if other.gene_order_hash != signatures.gene_order_hash:
            continue
        identical = _identical_across(signatures, other)
        if identical:
            findings.append(across_finding(signatures, other, identical, None))
        own = {i for i, _ in identical}
        theirs = {j for _, j in identical}
        near = [
            (i, j, r)
            for i, j, r in _near_across(signatures, other)
            if i not in own or j not in theirs
        ]
        if near:
            pairs = [(i, j) for i, j, _ in near]
            findings.append(across_finding(signatures, other, pairs, min(r for *_, r in near)))
    return findings


def _identical_groups(signatures: Signatures) -> list[list[int]]:
    by_hash: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(signatures.compared):
        by_hash[signatures.content_hashes[row]].append(int(row))
    return [group for group in by_hash.values() if len(group) > 1]


def _near_pairs(
    signatures: Signatures, counts: sparse.csr_array, rows: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the near pairs among some rows, left < right, and their Pearson r."""
    if signatures.vectors is None:
        raise ValueError("near duplicates are found by vectors; sign the counts")
    vectors, cutoffs = signatures.vectors[rows], signatures.cutoffs[rows]
    found: set[tuple[int, int]] = set()
    for start in range(0, len(rows), ROWS_A_BLOCK):
        block = slice(start, start + ROWS_A_BLOCK)
        alike = vectors[block] @ vectors.T
        n = len(alike)
        alike[np.arange(n), start + np.arange(n)] = -1
        allowed = PREFILTER * (1 - np.maximum(cutoffs[block, None], cutoffs))
        alike[1 - alike > allowed] = -1
        for i in np.flatnonzero(alike.max(axis=1) > -1):
            candidates = np.flatnonzero(alike[i] > -1)
            nearest = candidates[np.argsort(-alike[i, candidates], kind="stable")[:PARTNERS]]
            one = int(rows[start + i])
            found.update((min(one, int(j)), max(one, int(j))) for j in rows[nearest])
    pairs = np.array(sorted(found), dtype=np.intp).reshape(-1, 2)
    left, right = pairs[:, 0], pairs[:, 1]
    r = pearson(counts, left, right)
    near = r >= np.maximum(signatures.cutoffs[left], signatures.cutoffs[right])
    return left[near], right[near], r[near]


def _identical_across(one: Signatures, other: Signatures) -> list[tuple[int, int]]:
    by_hash: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(other.compared):
        by_hash[other.content_hashes[row]].append(int(row))
    return [
        (int(row), partner)
        for row in np.flatnonzero(one.compared)
        for partner in by_hash.get(one.content_hashes[row], ())
    ]


def _near_across(one: Signatures, other: Signatures) -> list[tuple[int, int, float]]:
    if one.vectors is None or other.vectors is None:
        return []
    found = []
    for start in range(0, len(one.vectors), ROWS_A_BLOCK):
        block = slice(start, start + ROWS_A_BLOCK)
        alike = one.vectors[block] @ other.vectors.T
        near = alike >= np.maximum(one.cutoffs[block, None], other.cutoffs)
        # The nearest alone: a dataset of replicates would have each stand for all.
        for i in np.flatnonzero(near.any(axis=1)):
            j = int(np.argmax(alike[i]))
            found.append((start + int(i), j, min(1.0, float(alike[i, j]))))
    return found
