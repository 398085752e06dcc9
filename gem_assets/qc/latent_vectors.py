"""Latent vectors of a table's rows as one matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray


def coordinates(latents: pd.DataFrame) -> NDArray[np.float64]:
    """Return the vectors of one space's rows, shape (rows, dimensions).

    Parameters
    ----------
    latents
        Rows of ``latents``. Their lists may be Arrow's (`pandas.ArrowDtype`), arrays or lists of
        numbers, all of one length.
    """
    lists = pa.array(latents["vector"])
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.combine_chunks()
    values = lists.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64).reshape(len(latents), -1)
