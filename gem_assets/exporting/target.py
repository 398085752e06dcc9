"""Write a file or folder whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gem_assets.problems import refuse


@contextmanager
def whole(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a path beside the target, to write a file or folder; if that ends well, move it there.

    Parameters
    ----------
    target
        Where it will be; the folder is made if it is missing.
    force
        Whether what is there already may be replaced.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If something is there already and may not be replaced.
    """
    if not force and os.path.lexists(target):
        raise refuse(
            "target_exists",
            f"{target} is there already, and was left as it is.",
            "Replace it with --force, or name another folder with --out.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield beside
        if target.is_dir() and not target.is_symlink():
            # A folder that holds something can't be replaced in one step.
            old = target.with_name(f".{target.name}.{os.getpid()}.old")
            target.rename(old)
            beside.rename(target)
            shutil.rmtree(old)
        else:
            beside.replace(target)
    finally:
        _remove(beside)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
