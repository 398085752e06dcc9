"""Which names look like genes, and of which species: judged by form alone, without a gene table."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

SAMPLED_NAMES = 2_000
"""So many names, evenly spread, stand for an axis: a share is then known to about 2 %."""

ENSEMBL_GENE = re.compile(r"ENS([A-Z]{3,4})?G\d{11}")
"""Ensembl stable gene id, with its species infix (none for human), whatever follows it."""

ENSEMBL_TRANSCRIPT = re.compile(r"ENS(?:[A-Z]{3,4})?T\d{11}")

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,14}(?:-[A-Z0-9]+)*(?:\.\d+)?|C(?:\d+|X|Y)orf\d+(?:-AS\d)?")
"""Form of an approved human symbol (HGNC guidelines: capitals, digits, hyphen; C#orf#)."""

_STEM = re.compile(r"\d.*")

LANDMARKS = frozenset([
    "ACTB", "ACTG1", "B2M", "CALM2", "CFL1", "EEF1A1", "EEF2", "ENO1", "FTH1", "FTL", "GAPDH",
    "HNRNPA1", "HPRT1", "HSP90AB1", "LDHA", "MALAT1", "PABPC1", "PGK1", "PPIA", "PSAP", "PTMA",
    "RACK1", "RPL13A", "RPLP0", "RPS18", "RPS27A", "SDHA", "TBP", "TMSB4X", "TPT1", "TUBB", "UBB",
    "UBC", "VIM", "YWHAZ",
])  # fmt: skip
"""Genes expressed in nearly every tissue, so present in nearly every matrix of symbols: ribosomal
and cytoskeletal ones, and reference genes of quantitative PCR (Vandesompele 2002,
doi:10.1186/gb-2002-3-7-research0034). No sample is called GAPDH."""


def sampled(names: Sequence[str]) -> list[str]:
    """Return all names, or ``SAMPLED_NAMES`` of them, evenly spread, when there are more."""
    if len(names) <= SAMPLED_NAMES:
        return list(names)
    return [names[i] for i in np.linspace(0, len(names) - 1, SAMPLED_NAMES, dtype=int)]


def ensembl_share(names: Sequence[str]) -> float:
    """Return the share (0 to 1) of names that begin with an Ensembl gene id of any species."""
    return _share(ENSEMBL_GENE, names)


def transcript_share(names: Sequence[str]) -> float:
    """Return the share (0 to 1) of names that begin with an Ensembl transcript id."""
    return _share(ENSEMBL_TRANSCRIPT, names)


def landmark_count(names: Sequence[str]) -> int:
    """Return how many of ``LANDMARKS`` are among the names, in any case (mouse: ``Gapdh``)."""
    return len(LANDMARKS.intersection(name.upper() for name in names))


def symbol_score(names: Sequence[str]) -> float:
    """Return how much the names look like gene symbols, 0 to 1.

    The share with a symbol's form, times the variety of their stems: ``NA20502, NA20504...`` have
    the form of symbols too, but share one stem, as sample names do and symbols don't.
    """
    looked_at = sampled(names)
    if len(looked_at) < 2:
        return 0.0
    formed = [name for name in looked_at if _SYMBOL.fullmatch(name)]
    return len(formed) / len(looked_at) * min(1.0, 4 * stem_variety(formed))


def stem_variety(names: Sequence[str]) -> float:
    """Return the number of distinct stems (the name before its first digit) a name, 0 to 1.

    About .3 to .6 for symbols, nearly 0 for numbered names such as ``Gene1, Gene2...``.
    """
    if len(names) < 2:
        return 0.0
    return (len({_STEM.sub("", name) for name in names}) - 1) / (len(names) - 1)


def _share(pattern: re.Pattern[str], names: Sequence[str]) -> float:
    looked_at = sampled(names)
    return sum(pattern.match(name) is not None for name in looked_at) / max(len(looked_at), 1)
