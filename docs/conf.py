"""How `make docs` builds the pages."""

from __future__ import annotations

import sys
from pathlib import Path

from gem_assets import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "gem_assets"
author = "the authors of gem_assets"
version = release = __version__
html_title = f"gem_assets {__version__}"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "warehouse_tables",
]
exclude_patterns = ["_build", "examples"]
html_theme = "furo"

myst_enable_extensions = ["colon_fence"]
# Our pages link to the headings of each other, as GitHub makes their anchors.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False

# A demonstration's address and those of a user's own machine can't be looked up.
linkcheck_ignore = [r"http://(127\.0\.0\.1|localhost).*"]
