"""Rows of a counts file that are no human gene: what they are, by their names."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

STRANGERS: Final = {
    "spike_in": (
        r"^ERCC[-_. ]?[0-9]{5}|^SIRV(?:[0-9]+|ome)|^R[12]_[0-9]+(?:_[0-9]+)?$|^phi-?X(?:174)?$|"
        r"^spike"
    ),
    "summary_row": (
        r"^X?__|^N_[A-Za-z]|^Unassigned_|^\*$|^total(?:_counts|_reads)?$|"
        r"^(?:no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)$"
    ),
    "transcript": r"ENST[0-9]{11}|^[NX][MR]_[0-9]{6,9}(?:\.[0-9]+)?$",
    "other_species": (
        r"ENS[A-Z]{3,4}G[0-9]{11}|^FBgn[0-9]{7}$|^WBGene[0-9]{8}$|^(?:mm10|mm39|GRCm3[89])_"
    ),
    "unknown_id": r"ENSGR?[0-9]{10,11}",
    "number": r"^X?[0-9]+(?:\.0)?$",
}
"""Kinds of names that are no human gene of the table, the first that fits.

Spike-ins: ERCC's controls (``ERCC-00002``), Lexogen's SIRVs, sequins (``R1_11``), PhiX. Summaries:
those of STAR (``N_unmapped``), HTSeq (``__no_feature``, without underscores before 0.6),
featureCounts (``Unassigned_...``) and samtools idxstats (``*``).
"""


def kinds_of_strangers(names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the kind (a key of `STRANGERS`) of each name, ``unknown`` where none fits."""
    text = pa.array(names, pa.string(), from_pandas=True)
    kinds = np.full(len(names), "unknown", dtype=object)
    for kind, form in reversed(STRANGERS.items()):
        fits = pc.match_substring_regex(text, form, ignore_case=kind == "spike_in")
        kinds[np.asarray(fits.to_numpy(zero_copy_only=False), dtype=bool)] = kind
    return kinds
