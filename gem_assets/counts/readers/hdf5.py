"""Open HDF5 files of others with care: damaged ones, and ones that point into other files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gem_assets.counts.readers.expansion import check_expansion
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import RefusedInputError, refuse

if TYPE_CHECKING:
    import h5py

MAGIC = b"\x89HDF\r\n\x1a\n"
"""First bytes of every HDF5 file that counts come in."""


@contextmanager
def open_hdf5(source: CountsSource) -> Iterator[h5py.File]:
    """Open the file; its damage becomes a refusal, now or while it is read.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``damaged_file``.
    """
    import h5py

    with source.path.open("rb") as raw:
        try:
            with h5py.File(raw, "r") as file:
                yield file
        except RefusedInputError:
            raise
        # What a file says of itself may have any type, or none.
        except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the disk or the network
            reason = (str(error.__cause__ or error).splitlines() or [type(error).__name__])[0]
            raise refuse(
                "damaged_file",
                f"the HDF5 file is cut off or damaged ({reason}).",
                "Copy or download the file again; it is probably incomplete.",
            ) from error


def own_node(file: h5py.File, place: str, spoken: str = "") -> h5py.Group | h5py.Dataset:
    """Return what lies at a place, after looking that it lies in this very file.

    Parameters
    ----------
    file
        The open file.
    place
        Path in it; a group is looked through one level deep.
    spoken
        What it is called in a sentence, if not by its path.

    Raises
    ------
    KeyError
        If nothing lies there.
    gem_assets.problems.RefusedInputError
        ``links_elsewhere``, or ``expands_too_far`` if a few bytes stand for very many.
    """
    import h5py

    steps = place.split("/")
    links = [file.get("/".join(steps[: i + 1]), getlink=True) for i in range(len(steps))]
    outside = any(isinstance(link, h5py.ExternalLink) for link in links)
    # HDF5 would look for the other file's object in this very one.
    node = file if outside else file[place]
    if isinstance(node, h5py.Dataset):
        parts = [node]
    else:
        links = [node.get(name, getlink=True) for name in node]
        outside |= any(isinstance(link, h5py.ExternalLink) for link in links)
        parts = (
            [] if outside else [part for part in node.values() if isinstance(part, h5py.Dataset)]
        )
    if outside or any(part.external or part.is_virtual for part in parts):
        raise refuse(
            "links_elsewhere",
            f"{spoken or place} is, or holds, a link to another file, which is not followed.",
            "Write the file again, so that it holds everything itself.",
        )
    for part in parts:
        check_expansion(part.id.get_storage_size(), part.size * part.dtype.itemsize)
    return node
