"""What the readers of parquet and feather share: open the file, read it, make counts of it."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from gem_assets.counts.matrix import CountMatrix, narrowest
from gem_assets.counts.readers.columnar import wide_table_of
from gem_assets.counts.readers.reader import CountsFile
from gem_assets.counts.readers.source import CountsSource
from gem_assets.problems import refuse


def read_columnar(
    source: CountsSource, name: str, read: Callable[[pa.NativeFile], pa.Table]
) -> CountsFile:
    """Read a file of Arrow columns.

    Parameters
    ----------
    name
        Name of the format.
    read
        Reads an open file that can be sought in.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``damaged_file``, and what `wide_table_of` raises.
    """
    try:
        if source.compression is None:
            with source.path.open("rb") as file, pa.PythonFile(file, mode="r") as stream:
                table = read(stream)
        else:
            with source.bytes() as file:
                table = read(pa.BufferReader(file.read()))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk or the network: says nothing about the file
        raise refuse(
            "damaged_file",
            f"the {name} file is cut off or damaged ({str(error).splitlines()[0]}).",
            "Copy or download the file again; it is probably incomplete.",
        ) from error
    matrix, orientation, notes = wide_table_of(table).oriented()
    matrix = CountMatrix(
        matrix.sample_ids, matrix.gene_ids, narrowest(matrix.counts), matrix.gene_symbols
    )
    return CountsFile(matrix, name, orientation, notes)
