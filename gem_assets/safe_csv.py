"""CSV that a spreadsheet shows as text: no cell of a user's file becomes a formula of ours.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break for a
formula, and runs it (OWASP, "CSV Injection"). Sample names and labels come from files that
somebody else may have written.
"""

from __future__ import annotations

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV, with an apostrophe before texts that would be formulas.

    Numbers stay as they are, the sign of a negative one included; they have six digits.

    Examples
    --------
    >>> safe_csv(pd.DataFrame({"sample_id": ["=1+1", "S1"], "age": [-1.5, 2]})).splitlines()
    ['sample_id,age', "'=1+1,-1.5", 'S1,2']
    """
    shown = frame.rename(columns=_disarmed)
    for column in shown.columns[[not pd.api.types.is_numeric_dtype(t) for t in shown.dtypes]]:
        shown[column] = shown[column].map(_disarmed)
    text: str = shown.to_csv(index=False, float_format="%.6g")
    return text


def _disarmed(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
