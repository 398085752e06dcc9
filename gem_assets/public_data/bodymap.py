"""Illumina Body Map 2.0: sixteen human tissues, one donor each, and one of them mislabelled."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.public_data.download import PublicFile

if TYPE_CHECKING:
    import pandas as pd

_RAW = "https://raw.githubusercontent.com/barzine/barzinePhdData/{}/data/ibm.htseq.raw.rda"

BODY_MAP = PublicFile(
    name="ibm.htseq.raw.rda",
    urls=(
        # The commit that brought the file, in full; then the later one it was read from, in the
        # short form that it is noted in. The checksum holds for both.
        _RAW.format("4f8a91bd69dc2ffedbe3dca38a512cd66b3f60db"),
        _RAW.format("4061cff"),
    ),
    sha256="ae23875f03e7bd6fa3a6786c80149e336fb2de28f9e12dd8e521d6a5d6fa7cce",
    n_bytes=898_860,
    source="github.com/barzine/barzinePhdData",
    licence="MIT",
)

_OBJECT = "ibm.htseq.raw"
_SHIPPED = Path(__file__).parent / "data" / "bodymap"


def read_body_map(path: Path) -> pd.DataFrame:
    """Read the counts.

    Parameters
    ----------
    path
        `BODY_MAP`, as `gem_assets.public_data.download` returned it.

    Returns
    -------
    pandas.DataFrame
        HTSeq read counts, int64: 48,267 genes (rows, by Ensembl id) x 16 samples (columns).
    """
    import rdata

    frame: pd.DataFrame = rdata.read_rda(path)[_OBJECT]
    return frame.rename(columns=str).astype("int64")


def body_map_files(counts: pd.DataFrame) -> dict[str, bytes]:
    """Return the files of the dataset: counts, sample sheet and their provenance.

    Parameters
    ----------
    counts
        What `read_body_map` returned.
    """
    text = counts.to_csv(sep="\t", index_label="gene_id", lineterminator="\n")
    packed = gzip.compress(text.encode(), mtime=0)
    shipped = {name: (_SHIPPED / name).read_bytes() for name in ("samples.csv", "README.md")}
    return {"counts.tsv.gz": packed, **shipped}
