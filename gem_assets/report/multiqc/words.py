"""Words as MultiQC shows them unchanged.

It puts cells and descriptions into its page as HTML and Markdown, whatever they hold; what comes
from a sheet or a counts file is written for that here.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from gem_assets.qc.reasons import STATUS_ORDER

STATUS_NAMES: Mapping[str, str] = {
    status: "not judged" if status == "not_assessed" else status for status in STATUS_ORDER
}
"""What a status is called; MultiQC knows the colours of pass, warn and fail."""

_PLAIN = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>\"',*_`[]\\{}|#!~"})
"""Neither HTML nor Markdown; MultiQC takes the comma of a cell for a thousands separator."""


def shown(text: str) -> str:
    """Return a text of a cell, a description or an axis.

    Examples
    --------
    >>> shown("<b>left, right</b>")
    '&#60;b&#62;left&#44; right&#60;/b&#62;'
    """
    return text.translate(_PLAIN)


def sample_name(name: str) -> str:
    """Return a sample's name, by which MultiQC finds its row of other tools: little is changed.

    MultiQC shortens it itself as it does those of other tools (``fn_clean_exts``), and would take
    what is before a slash for folders.

    Examples
    --------
    >>> sample_name("S_1, left"), sample_name("<a/b>")
    ('S_1, left', '&lt;a&#47;b&gt;')
    """
    return html.escape(name, quote=False).replace("/", "&#47;")
