"""Reader of feather files (Arrow IPC), of version 2."""

from __future__ import annotations

import pyarrow as pa

from gem_assets.counts.readers.columnar_file import read_columnar
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import refuse


class FeatherReader:
    """Reads a table of counts in a feather file, genes x samples or samples x genes."""

    rank = 10
    reads = "feather"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the magic bytes; version 1 is known, too."""
        return source.head.startswith((b"ARROW1", b"FEA1"))

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        if source.head.startswith(b"FEA1"):
            raise refuse(
                "feather_version",
                "this is feather version 1, which Arrow no longer writes.",
                "Write it again as feather version 2 or parquet.",
            )
        return read_columnar(source, "feather", _read)


def _read(file: pa.NativeFile) -> pa.Table:
    with pa.ipc.open_file(file) as reader:
        return reader.read_all()
