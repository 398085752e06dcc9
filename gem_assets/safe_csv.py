"""CSV that a spreadsheet shows as text: no cell of a user's file becomes a formula of ours.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break for a
formula, and runs it (OWASP, "CSV Injection"). Sample names and labels come from files that
somebody else may have written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_DISARMED = re.compile(rf"'+[{re.escape(''.join(FORMULA_STARTS))}]")


def safe_csv(frame: pd.DataFrame, *, exact: bool = False, header: bool = True) -> str:
    """Return a frame as CSV, with an apostrophe before texts that would be formulas.

    Numbers stay as they are, the sign of a negative one included; they have six digits, or all of
    them where they are to be ``exact``. Without ``header``: rows that follow others.

    Examples
    --------
    >>> import pandas as pd
    >>> safe_csv(pd.DataFrame({"sample_id": ["=1+1", "S1"], "age": [-1.5, 2]})).splitlines()
    ['sample_id,age', "'=1+1,-1.5", 'S1,2']
    """
    from pandas.api.types import is_numeric_dtype

    shown = frame.rename(columns=_disarmed)
    for column in shown.columns[[not is_numeric_dtype(t) for t in shown.dtypes]]:
        shown[column] = shown[column].map(_disarmed)
    text: str = shown.to_csv(index=False, header=header, float_format=None if exact else "%.6g")
    return text


def safe_cell(text: str) -> str:
    """Return a text with an apostrophe before it if a spreadsheet would take it for a formula.

    So it does where there are apostrophes already: `plain_cell` takes off one, of every text that
    this function returns.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("'=1+1"), safe_cell("it's = 2")
    ("'=1+1", "''=1+1", "it's = 2")
    """
    armed = text.startswith(FORMULA_STARTS) or _DISARMED.match(text)
    return f"'{text}" if armed else text


def plain_cell(cell: str) -> str:
    """Return the text of which `safe_cell` made a cell.

    Examples
    --------
    >>> plain_cell("'=1+1"), plain_cell("=1+1"), plain_cell("'a'")
    ('=1+1', '=1+1', "'a'")
    """
    return cell[1:] if _DISARMED.match(cell) else cell


def _disarmed(cell: object) -> object:
    return safe_cell(cell) if isinstance(cell, str) else cell
