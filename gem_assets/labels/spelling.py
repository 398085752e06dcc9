"""When two spellings are one word."""

from __future__ import annotations

import re
from collections.abc import Iterator


def fold(text: str) -> str:
    """Return a text as the indices hold it: casefolded, runs of white space as one space."""
    return " ".join(text.casefold().split())


def spellings(text: str) -> Iterator[str]:
    """Yield a text's folded spellings, the one nearest to the text first."""
    written = fold(text)
    spaced = fold(re.sub(r"[_-]+", " ", written))
    seen = {""}
    for spelling in (written, spaced, singular(written), singular(spaced)):
        if spelling not in seen:
            seen.add(spelling)
            yield spelling


def singular(text: str) -> str:
    """Return a folded text with its last word in the singular (English nouns, plain cases)."""
    for plural, single in (("ies", "y"), ("ches", "ch"), ("s", "")):
        if text.endswith(plural) and not text.endswith(("ss", "us", "is")) and len(text) > 4:
            return text.removesuffix(plural) + single
    return text
