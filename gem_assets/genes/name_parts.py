"""What the name of a row is made of: an Ensembl id, a symbol, an Entrez id, or several of them.

Tools write names together, and each has its own way:

- RSEM ``ENSG00000000003_TSPAN6``; others ``ENSG00000000003|TSPAN6``, ``TSPAN6|ENSG00000000003.15``,
  and GENCODE's own list of attributes, ``ENSG00000000003.15|TSPAN6|protein_coding``;
- Cell Ranger with a reference of two species ``GRCh38_ENSG00000000003`` and ``GRCh38_TSPAN6``;
- GENCODE marks the copy of a pseudoautosomal gene on Y with the suffix ``_PAR_Y`` (releases 25 to
  43; https://www.gencodegenes.org/pages/faq.html) or the prefix ``ENSGR`` (before);
- TCGA (RNASeqV2) ``TSPAN6|7105`` and, without symbol, ``?|100130426``;
- NCBI ``LOC100130426``: an Entrez id that waits for a symbol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_ENSEMBL = (
    r"^(?P<before>.*[^0-9A-Za-z])?ENSG(?P<par_prefix>R)?(?P<number>[0-9]{10,11})"
    r"(?P<version>(?:\.[0-9]+){0,2})(?P<par_suffix>_PAR_Y)?(?:[|_:;,/ +-](?P<after>.+))?$"
)
"""Ensembl's human gene id and what stands around it; R makes a repeated id unique by ``.1``."""

_GENOME = r"^(?:GRCh3[78]|hg19|hg38)_+"
_ENTREZ = r"^(?:.*\||LOC|(?i:entrez|gene ?id|ncbi)[:_ ]?)(?P<number>[1-9][0-9]*)(?:\.0)?$"
_ENDS = "[\"'\\s|_:;,/ +-]+"


@dataclass(frozen=True, slots=True, eq=False)
class NameParts:
    """The parts of some names, each an array as long as these; missing parts are None.

    Attributes
    ----------
    ensembl
        Stable id without version: ``ENSG`` and eleven digits.
    exact
        Whether the stable id is all there was to read of it: no version, no mark of a copy on Y.
    on_par_y
        Whether the name is the copy of a pseudoautosomal gene on Y.
    second
        Another Ensembl id in the same name: reads that were counted for two genes together.
    symbol
        What is left of a name beside its id; the name itself where it has none.
    entrez
        Entrez id that the name says to be one.
    """

    ensembl: NDArray[np.object_]
    exact: NDArray[np.bool_]
    on_par_y: NDArray[np.bool_]
    second: NDArray[np.object_]
    symbol: NDArray[np.object_]
    entrez: NDArray[np.object_]


def take_apart(names: NDArray[np.object_]) -> NameParts:
    """Find the parts of each name (text)."""
    text = pc.utf8_trim(pa.array(names, pa.string(), from_pandas=True), characters=" \t\r\n\"'")
    text = pc.replace_substring_regex(text, _GENOME, "")
    n = len(names)
    ensembl, second, entrez = (np.full(n, None, dtype=object) for _ in range(3))
    exact, on_par_y = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    symbol = _objects(text)

    # Most names of most files are of this one form: it has a way of its own, three times as fast.
    plain = _bools(pc.match_substring_regex(text, r"^ENSG[0-9]{11}(?:\.[0-9]+)?$"))
    ids = text.filter(pa.array(plain))
    ensembl[plain] = _objects(pc.utf8_slice_codeunits(ids, 0, 15))
    exact[plain] = _bools(pc.equal(pc.utf8_length(ids), 15))
    symbol[plain] = None

    rows = np.flatnonzero(_bools(pc.match_substring(text, "ENSG")) & ~plain)
    if rows.size:
        found = pc.extract_regex(text.take(pa.array(rows)), _ENSEMBL)
        rows, found = rows[_bools(found.is_valid())], found.drop_null()
        part = {name: pc.struct_field(found, name) for name in _parts_of(found)}
        ids = _stable_id(part["number"])
        ensembl[rows] = _objects(ids)
        on_par_y[rows] = ~_blank(part["par_prefix"]) | ~_blank(part["par_suffix"])
        exact[rows] = _blank(part["version"]) & ~on_par_y[rows]
        # The pattern is greedy: of two ids, the first is in `before`.
        rest = pc.binary_join_element_wise(part["before"], part["after"], "|")
        others = pc.extract_regex(rest, r"ENSGR?(?P<number>[0-9]{10,11})")
        other = _stable_id(pc.struct_field(others, "number"))
        second[rows] = _objects(pc.if_else(pc.equal(other, ids), None, other))
        symbol[rows] = _beside_an_id(rest)

    numbered = pc.extract_regex(text, _ENTREZ)
    rows = np.flatnonzero(_bools(numbered.is_valid()) & pd.isna(ensembl))
    if rows.size:
        of_rows = pa.array(rows)
        entrez[rows] = _objects(pc.struct_field(numbered, "number").take(of_rows))
        beside = pc.replace_substring_regex(text.take(of_rows), r"\|[0-9.]+$", "")
        symbol[rows] = _text_or_none(pc.if_else(pc.equal(beside, "?"), "", beside))
    return NameParts(ensembl, exact, on_par_y, second, symbol, entrez)


def _parts_of(found: pa.StructArray) -> list[str]:
    return [field.name for field in found.type]


def _stable_id(number: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise("ENSG", pc.utf8_lpad(number, 11, padding="0"), "")


def _beside_an_id(rest: pa.Array) -> NDArray[np.object_]:
    """Return the symbol that stands beside an id, None where nothing does."""
    rest = pc.replace_substring_regex(rest, rf"^{_ENDS}|{_ENDS}$", "")
    return _text_or_none(pc.replace_substring_regex(rest, r"\|.*$", ""))


def _blank(part: pa.Array) -> NDArray[np.bool_]:
    return _bools(pc.equal(part, ""))


def _text_or_none(text: pa.Array) -> NDArray[np.object_]:
    return _objects(pc.if_else(pc.equal(text, ""), None, text))


def _objects(text: pa.Array) -> NDArray[np.object_]:
    return np.asarray(text.to_numpy(zero_copy_only=False), dtype=object)


def _bools(array: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
