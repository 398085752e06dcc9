"""Reader of parquet files."""

from __future__ import annotations

import pyarrow as pa

from gem_assets.counts.readers.columnar_file import read_columnar
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource


class ParquetReader:
    """Reads a table of counts in a parquet file, genes x samples or samples x genes."""

    rank = 10
    reads = "parquet"

    def recognises(self, source: CountsSource) -> bool:
        """Tell by the magic bytes."""
        return source.head.startswith(b"PAR1")

    def read(self, source: CountsSource) -> CountsFile:
        """Read the file; see ``Reader.read``."""
        return read_columnar(source, "parquet", _read)


def _read(file: pa.NativeFile) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(file)
