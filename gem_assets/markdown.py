"""Markdown that shows a user's text as it is: names of samples and labels come from their files.

Dagster renders descriptions of checks and some metadata as Markdown, where an unlucky name would be
a link, bold, or gone.
"""

from __future__ import annotations

import re

# Parentheses mean something only after a bracket, which is escaped; an underscore inside a word and
# an ampersand that begins no entity mean nothing.
_SPECIAL = re.compile(r"[\\`*\[\]<>#!|~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)")
_ESCAPE = re.compile(r"\\([\\`*\[\]<>#!|~_&\n])")


def escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> print(escaped("[S1](x) <b> sample_id"))
    \[S1\](x) \<b\> sample_id
    """
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))


def escaped_lines(text: str) -> str:
    """Return a text that Markdown shows as it is, line by line."""
    return "\\\n".join(escaped(line) for line in text.splitlines())


def plain(markdown: str) -> str:
    r"""Return the text of which `escaped` or `escaped_lines` made Markdown, for a terminal.

    Examples
    --------
    >>> plain(escaped_lines("a_ [b]\nc"))
    'a_ [b]\nc'
    """
    return _ESCAPE.sub(r"\1", markdown)
