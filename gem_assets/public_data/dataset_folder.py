"""Lay files out as the folder of a dataset: all of them, or none."""

from __future__ import annotations

import gzip
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from gem_assets.public_data.errors import PublicDataError


def place_dataset(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Make a dataset's folder, or find that it is there already with the same counts and sheet.

    The folder is built beside its place and renamed, so nobody sees half of it. One that is there
    is never written to: the user's own files in it (``review.csv``, ``dataset.yaml``) stay.

    Parameters
    ----------
    folder
        ``DATA/bulk/NAME``.
    files
        Content by name. A ``README.md`` is for people: it may differ.

    Returns
    -------
    bool
        Whether it was made now.

    Raises
    ------
    PublicDataError
        If there is something else in its place, or it can't be written.
    """
    building = folder.parent / f".{folder.name}-{uuid.uuid4().hex}"  # hidden: no dataset
    try:
        if not folder.exists():
            building.mkdir(parents=True)
            for name, content in files.items():
                (building / name).write_bytes(content)
            try:
                building.rename(folder)
            except OSError:
                if not folder.exists():  # else another process was faster
                    raise
            else:
                return True
        differing = [n for n, c in files.items() if n != "README.md" and _differs(folder / n, c)]
    except OSError as error:
        raise PublicDataError(
            f"{folder} can't be written or read: {error.strerror or error}. Name another place "
            "with --data DIR."
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    if differing:
        raise PublicDataError(
            f"{folder} is there already, and its {' and '.join(differing)} "
            f"{'is' if len(differing) == 1 else 'are'} not what the demonstration would write. "
            f"Nothing was changed. 'gem-assets run {folder.name}' judges it as it is; to have the "
            "original, move the folder away or name another place with --data DIR."
        )
    return False


def _differs(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return True
    there = path.read_bytes()
    if there == content:
        return False
    if path.suffix != ".gz":
        return True
    try:  # another version of zlib packs the same counts into other bytes
        return gzip.decompress(there) != gzip.decompress(content)
    except (OSError, EOFError):
        return True
