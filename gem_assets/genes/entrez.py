"""Whether whole numbers in the place of gene names are Entrez ids.

``44256`` may be a gene of NCBI, the first of March 2021 of a spreadsheet, or the number of a row.
The column as a whole decides, not the one name.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.genes.table import entrez_ids

NUMBERS_SHARE = 0.5
"""Share of the names without Ensembl id that a few numbers must be, to be Entrez ids."""

KNOWN_SHARE = 0.5
"""Share of the numbers that must be known Entrez ids.

Of 1 to 40,000, the numbers of a file's rows, 33 % are; NCBI's annotation has genes that Ensembl
doesn't know, so that not all are known in real files either.
"""

MANY_NUMBERS = 100
"""From so many numbers on, none above `LARGEST_ROW` means that they count rows.

Two thirds of the known Entrez ids are larger. A spreadsheet makes dates of fewer names than this
(about 60 symbols look like some).
"""

LARGEST_ROW = 100_000


class NumbersAre(StrEnum):
    """What the whole numbers among the names of a file are."""

    NONE = "none"
    """There are none."""
    ENTREZ_IDS = "entrez_ids"
    """Each is an Entrez id."""
    FEW = "few"
    """Exceptions in a column of other names: serial numbers of dates, if anything."""
    ROW_NUMBERS = "row_numbers"
    """Numbers that count rows, or others that mean nothing here."""


def whole_numbers(names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the digits of each name that is a whole number, None for the others.

    ``7105.0`` (of a column that pandas read as floats) and ``X7105`` (of R's) are such names.
    """
    found = pc.extract_regex(
        pa.array(names, pa.string(), from_pandas=True),
        r"^X?(?P<digits>0|[1-9][0-9]{0,11})(?:\.0)?$",
    )
    return np.asarray(pc.struct_field(found, "digits").to_numpy(zero_copy_only=False), dtype=object)


def judge_numbers(digits: NDArray[np.object_]) -> NumbersAre:
    """Decide what the whole numbers among names are.

    Parameters
    ----------
    digits
        What `whole_numbers` returned for all names of a file that have no Ensembl id.
    """
    numbers = digits[~pd.isna(digits)]
    if not numbers.size:
        return NumbersAre.NONE
    few = numbers.size < MANY_NUMBERS
    if few and numbers.size < NUMBERS_SHARE * digits.size:
        return NumbersAre.FEW
    values = np.sort(numbers.astype(np.int64))
    known = (genes_of_entrez(numbers) != None).mean()  # noqa: E711  # elementwise
    counted = values.size > 1 and values[-1] - values[0] == values.size - 1
    small = not few and values[-1] < LARGEST_ROW
    if counted or small or known < KNOWN_SHARE:
        return NumbersAre.FEW if few and not counted else NumbersAre.ROW_NUMBERS
    return NumbersAre.ENTREZ_IDS


def genes_of_entrez(numbers: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the Ensembl id of each Entrez id (digits), None where there is none."""
    table = entrez_ids()
    positions = _entrez_index().get_indexer(pd.Index(numbers, dtype=object))
    genes = table["gene_id"].to_numpy(dtype=object)[positions]
    genes[positions < 0] = None
    return genes


@cache
def _entrez_index() -> pd.Index:
    # Kept, because an index remembers its hash table.
    ids: pd.Index = pd.Index(entrez_ids()["entrez_id"], dtype=object)
    return ids
