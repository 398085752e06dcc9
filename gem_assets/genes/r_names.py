"""Names that R, or a table of single cells, has rewritten.

- ``make.names`` (which ``data.frame`` and ``read.table`` apply to columns) turns every character
  that is no letter, digit, dot or underscore into a dot, and puts an X before a name that doesn't
  begin with a letter: ``NKX3-1`` becomes ``NKX3.1``, ``7SK`` ``X7SK``
  (https://search.r-project.org/CRAN/refmans/base/html/make.names.html).
- ``make.unique`` appends ``.1``, ``.2``... to the second and later ones of a name and leaves the
  first as it is (https://search.r-project.org/CRAN/refmans/base/html/make.unique.html); so does
  pandas with columns, and scanpy's ``var_names_make_unique`` with ``-1``.
- Seurat writes dashes for underscores: ``Y-RNA``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.genes.symbols import Meanings, named_genes

_VALID = r"^[A-Za-z][A-Za-z0-9._]*$"


def make_names(names: pd.Series) -> pd.Series:
    """Return the names (text) as R's ``make.names`` rewrites them."""
    letter_first = names.str.match(r"[A-Za-z]|\.(?!\d)")
    return names.where(letter_first, "X" + names).str.replace(r"[^A-Za-z0-9._]", ".", regex=True)


@cache
def rewritten_names() -> Meanings:
    """Return what names mean that are none themselves, but one rewritten by R or Seurat."""
    names = named_genes()
    valid = pc.match_substring_regex(pa.array(names["name"], pa.string()), _VALID)
    strange = names[~valid.to_numpy(zero_copy_only=False)]
    by_r = strange.assign(said=strange["name"], name=make_names(strange["name"]))
    dashed = names[names["name"].str.contains("_", regex=False)]
    by_seurat = dashed.assign(
        said=dashed["name"], name=dashed["name"].str.replace("_", "-", regex=False)
    )
    rewritten = pd.concat([by_r, by_seurat])
    return Meanings.of(rewritten[~rewritten["name"].isin(names["name"])])


def first_of_repeats(names: NDArray[np.object_], column: pd.Index) -> NDArray[np.object_]:
    """Return the name that a repeated one had before it was numbered, None for every other name.

    Parameters
    ----------
    names
        Names of rows, no known ones among them.
    column
        All names of the file: a repeat is one only if the first is there, and no number is left
        out.
    """
    first = np.full(len(names), None, dtype=object)
    found = pc.extract_regex(
        pa.array(names, pa.string(), from_pandas=True),
        r"^(?P<name>.+)(?P<dash>[.-])(?P<number>[1-9][0-9]{0,3})$",
    )
    rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    found = found.drop_null()
    part = {
        key: pd.Series(pc.struct_field(found, key).to_numpy(zero_copy_only=False), dtype=object)
        for key in ("name", "dash", "number")
    }
    one_less = (part["number"].astype(int) - 1).astype(str)
    before = (part["name"] + part["dash"] + one_less).where(part["number"] != "1", part["name"])
    repeated = (part["name"].isin(column) & before.isin(column)).to_numpy()
    first[rows[repeated]] = part["name"][repeated]
    return first
