"""The words that an export is asked for in."""

from __future__ import annotations

from typing import Literal, get_args

Counts = Literal["aligned", "raw", "none"]
"""Which counts: in the model's gene order, as the file had them, or none."""

TableFormat = Literal["parquet", "csv"]
"""A file a table."""

Format = Literal["h5ad"] | TableFormat

COUNTS: tuple[Counts, ...] = get_args(Counts)
FORMATS: tuple[Format, ...] = ("h5ad", *get_args(TableFormat))
