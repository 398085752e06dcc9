"""The documentation is built without a warning: no page, picture or anchor is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_documentation_is_built_without_a_warning(tmp_path: Path) -> None:
    folders = [REPOSITORY / "docs", tmp_path / "html", "-d", tmp_path / "doctrees"]
    build = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", *folders],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    assert (tmp_path / "html" / "reference" / "tables.html").is_file()
