"""Read the tables and views of one schema of a DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.errors import NotMaterialisedError
from gem_assets.warehouse.layout import require_readable
from gem_assets.warehouse.locking import LockPatience
from gem_assets.warehouse.schema_names import RESERVED
from gem_assets.warehouse.sessions import reading
from gem_assets.warehouse.tables import TABLES, table_named
from gem_assets.warehouse.views import VIEWS

BATCH_ROWS = 8192
"""Rows of one Arrow batch. An Arrow list array holds fewer than 2**31 values, so a batch of rows of
up to 262,143 values each (a model takes 44,592 genes) always fits."""

PARTITIONED: tuple[str, ...] = tuple(table.name for table in TABLES.values() if table.partitioned)
"""The tables whose rows belong to datasets."""

_SCHEMA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MODALITY_OF_SCHEMA: dict[str, Modality] = {"gem_bulk": "bulk", "gem_sc": "sc"}


class WarehouseReader:
    """One schema of a DuckDB file, to be read.

    Every operation opens the file, does its work and closes it. While another process has the file
    open for writing, the operation waits and tries again.

    Parameters
    ----------
    path
        The DuckDB file.
    schema
        Name of the schema: letters, digits and underscores, not the file's own name and none of
        `gem_assets.warehouse.schema_names.RESERVED`.
    modality
        What the samples are; may be left out for ``gem_bulk`` and ``gem_sc``.
    patience
        How long to wait for a locked file.

    Raises
    ------
    ValueError
        If the schema has no usable name, or its modality is not known.
    """

    def __init__(
        self,
        path: str | Path,
        schema: str,
        *,
        modality: Modality | None = None,
        patience: LockPatience | None = None,
    ) -> None:
        self.path = Path(path)
        self.schema = schema
        if not _SCHEMA_NAME.fullmatch(schema):
            raise ValueError(
                f"The schema name {schema!r} must be letters, digits and underscores, and must not "
                "begin with a digit."
            )
        if schema.casefold() in {self.path.stem.casefold(), *RESERVED}:
            raise ValueError(
                f"The schema {schema!r} in the file {self.path.name!r} is ambiguous to DuckDB. "
                "Give the file or the schema another name."
            )
        known = modality or _MODALITY_OF_SCHEMA.get(schema)
        if known is None:
            raise ValueError(
                f"State the modality of the schema {schema!r}: 'bulk' or 'sc'. Only those of "
                f"{' and '.join(_MODALITY_OF_SCHEMA)} are known."
            )
        self.modality: Modality = known
        self.patience = patience or LockPatience()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r}, {self.schema!r})"

    def read(
        self, table: str, dataset: str | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return rows of a table or view; a table's in the order in which they were written.

        Parameters
        ----------
        table
            Name of the table or view.
        dataset
            Only the rows of this dataset; none there is an empty table.
        columns
            Only these columns, in this order.

        Raises
        ------
        NotMaterialisedError
            If nothing was written to the schema yet, naming the asset to materialise.
        KeyError
            If there is no such table, view or column.
        ValueError
            If a dataset is asked of a table that belongs to none.
        WarehouseLockedError
            If a writer keeps the file open for longer than the patience lasts.
        WarehouseVersionError
            If another version of gem-assets has laid the schema out.
        """
        return self.read_tables({table: columns}, dataset)[table]

    def read_tables(
        self, wanted: Mapping[str, Sequence[str] | None], dataset: str | None = None
    ) -> dict[str, pa.Table]:
        """Return rows of several tables or views, all as of one moment.

        The file is opened once, which costs as much as reading a small table (20 ms).

        Parameters
        ----------
        wanted
            By the name of each table or view its columns, None for all. As :meth:`read` else, in
            errors too.
        dataset
            Only the rows of this dataset.
        """
        assets = {table: _asset_that_fills(table, dataset) for table in wanted}
        found = {}
        with self._reading() as connection:
            for table, columns in wanted.items():
                if connection is None:
                    raise NotMaterialisedError(self.path, self.schema, table, assets[table])
                with self._stream(connection, table, dataset, BATCH_ROWS, columns) as reader:
                    found[table] = reader.read_all()
        return found

    @contextmanager
    def read_batches(
        self,
        table: str,
        dataset: str | None = None,
        batch_rows: int = BATCH_ROWS,
        *,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatchReader]:
        """Yield a reader over the rows of a table or view, for more rows than memory holds.

        The file stays open for reading, and so blocks every writer, until the ``with`` block ends.
        Parameters and errors are those of :meth:`read`; ``batch_rows`` is the most rows of a batch.
        """
        asset = _asset_that_fills(table, dataset)
        with self._reading() as connection:
            if connection is None:
                raise NotMaterialisedError(self.path, self.schema, table, asset)
            with self._stream(connection, table, dataset, batch_rows, columns) as reader:
                yield reader

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the file open for reading: what is read meanwhile is of one state; writers wait."""
        with self._reading():
            yield

    def columns(self, relation: str) -> list[str]:
        """Return the names of the columns of a table or view."""
        with self.read_batches(relation) as reader:
            return list(reader.schema.names)

    def row_count(self, table: str, dataset: str | None = None) -> int:
        """Return the number of rows of a table or view, 0 where nothing was written yet."""
        _asset_that_fills(table, dataset)
        statement = statements.count(self.schema, table, of_dataset=dataset is not None)
        with self._reading() as connection:
            if connection is None:
                return 0
            return one_number(connection.execute(statement, parameters(dataset)))

    def row_counts(self, dataset: str) -> dict[str, int]:
        """Return the number of a dataset's rows in every table that belongs to datasets."""
        counts = dict.fromkeys(PARTITIONED, 0)
        with self._reading() as connection:
            if connection is None:
                return counts
            for table in PARTITIONED:
                statement = statements.count(self.schema, table, of_dataset=True)
                counts[table] = one_number(connection.execute(statement, [dataset]))
        return counts

    def exists(self, table: str, dataset: str | None = None) -> bool:
        """Return whether a table or view holds any row (of a dataset)."""
        return self.row_count(table, dataset) > 0

    def datasets(self, table: str) -> list[str]:
        """Return the datasets that have rows in a table, sorted; none if nothing was written yet.

        Raises
        ------
        ValueError
            If the table belongs to no dataset.
        """
        if not table_named(table).partitioned:
            raise ValueError(f"{table} belongs to no dataset")
        with self._reading() as connection:
            if connection is None:
                return []
            found = connection.execute(statements.distinct_datasets(self.schema, table)).fetchall()
        return [name for (name,) in found]

    def values(self, table: str, column: str) -> dict[str, set[str]]:
        """Return the different values of a column, by dataset; none if nothing was written yet.

        Raises
        ------
        ValueError
            If the table belongs to no dataset.
        """
        return {dataset: set(found) for dataset, found in self.tally(table, column).items()}

    def tally(self, table: str, column: str) -> dict[str, dict[str, int]]:
        """Return how many rows have each value of a column, by dataset.

        Raises
        ------
        ValueError
            If the table belongs to no dataset.
        """
        if not table_named(table).partitioned:
            raise ValueError(f"{table} belongs to no dataset")
        found: dict[str, dict[str, int]] = {}
        with self._reading() as connection:
            if connection is not None:
                query = statements.tally_of_datasets(self.schema, table, column)
                for dataset, value, rows in connection.execute(query).fetchall():
                    found.setdefault(dataset, {})[value] = rows
        return found

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """Yield a reading connection, None where nothing was written to the schema yet."""
        if not self.path.exists():
            yield None
            return
        with reading(self.path, self.patience, self.modality) as connection:
            laid_out = require_readable(connection, self.path, self.schema, self.modality)
            yield connection if laid_out else None

    @contextmanager
    def _stream(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        dataset: str | None,
        batch_rows: int,
        columns: Sequence[str] | None,
    ) -> Iterator[pa.RecordBatchReader]:
        query = statements.select(self.schema, table, columns, of_dataset=dataset is not None)
        if self.modality == "sc" and table not in VIEWS:
            connection.execute(statements.SCAN_IN_LITTLE_MEMORY)
        try:
            found = connection.sql(query, params=parameters(dataset))
        except duckdb.BinderException as error:
            raise KeyError(f"no such column in {self.schema}.{table}: {error}") from error
        stream = found.to_arrow_reader(batch_rows)
        try:
            yield stream.cast(self._arrow_schema(table, stream.schema))
        finally:
            # An open reader would keep the file locked beyond the connection's end.
            stream.close()

    def _arrow_schema(self, relation: str, stream: pa.Schema) -> pa.Schema:
        """Return the contract's schema of the columns; a view's is what DuckDB says."""
        if relation in VIEWS:
            return stream
        declared = TABLES[relation].arrow_schema(self.modality)
        return pa.schema(declared.field(name) for name in stream.names)


def _asset_that_fills(relation: str, dataset: str | None) -> str:
    """Return the asset that fills a table or view, which a dataset may be asked of.

    Raises
    ------
    KeyError
        If there is no such table or view.
    ValueError
        If a dataset is asked of a table that belongs to none.
    """
    if relation in VIEWS:
        return VIEWS[relation]
    declared = table_named(relation)
    if dataset is not None and not declared.partitioned:
        raise ValueError(f"{relation} belongs to no dataset")
    return declared.asset


def parameters(dataset: str | None) -> list[str]:
    """Return the parameters of a statement that may be about one dataset."""
    return [] if dataset is None else [dataset]


def one_number(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the one number of a result."""
    [(number,)] = connection.fetchall()
    return int(number)
