"""From a template to a page that can run its own script, and fetch and send nothing at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from gem_assets.qc.reasons import STATUS_ORDER
from gem_assets.report.charts import palette
from gem_assets.report.words import STATUS_WORDS

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, scripts: Sequence[str], **values: object) -> str:
    """Return a template of this room as HTML text.

    The page's policy (Content-Security-Policy) allows the browser its own styles and, by its hash,
    its own script; images only from within the page; and no request to any host.

    Parameters
    ----------
    template
        Its name; it gets ``script``, ``policy`` and the words and colours of the statuses beside
        ``values``.
    scripts
        Names of the script files that the page runs, in this order.
    values
        What the template shows. Jinja escapes it.
    """
    environment = _environment()
    script = "".join(["\n", *(_source(name) for name in scripts)])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        script=script,
        policy=(
            f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        status_words=STATUS_WORDS,
        status_rank={status: rank for rank, status in enumerate(reversed(STATUS_ORDER))},
        palette=palette(),
        sample_address=sample_address,
        **values,
    )


def sample_address(sample_id: str) -> str:
    """Return the link that opens a sample on its page."""
    return f"#sample={quote(sample_id, safe='')}"


@cache
def _environment() -> Environment:
    """Return the templates' environment, which keeps what it has compiled."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gem_assets.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _source(name: str) -> str:
    """Return a file beside the templates as it is: a script has braces of its own."""
    return (files("gem_assets.report") / "templates" / name).read_text(encoding="utf-8")
