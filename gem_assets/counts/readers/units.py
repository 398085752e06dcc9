"""Units that a file's name gives away, where files of counts and of TPM look alike."""

from __future__ import annotations

import re

from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import refuse

_UNIT = re.compile(r"(?<![A-Za-z])(tpm|fpkm|rpkm|cpm)(?![A-Za-z])", re.IGNORECASE)


def refuse_units_in_name(source: CountsSource, instead: str) -> None:
    """Refuse a file whose name says TPM, FPKM, RPKM or CPM.

    Parameters
    ----------
    instead
        What to give instead: the file of counts that the same source has.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``named_as_scaled``.
    """
    unit = _UNIT.search(source.path.name)
    if unit:
        raise refuse(
            "named_as_scaled",
            f"the file's name says that its values are {unit[0].upper()}, which are scaled; a file "
            "of counts looks the same.",
            instead,
        )
