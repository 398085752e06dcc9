"""Read and write the tables of one schema of a DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from gem_assets.settings import Modality
from gem_assets.warehouse import statements
from gem_assets.warehouse.errors import NotMaterialisedError
from gem_assets.warehouse.layout import is_laid_out, lay_out, require_version
from gem_assets.warehouse.locking import LockPatience
from gem_assets.warehouse.schemas import TABLES, require_dataset, table_named, validate
from gem_assets.warehouse.sessions import CATALOG, reading, writing
from gem_assets.warehouse.views import VIEWS

BATCH_ROWS = 8192
"""Rows of one Arrow batch. An Arrow list array holds fewer than 2**31 values, so a batch of rows of
up to 262,143 values each (a model takes 44,592 genes) always fits."""

_SCHEMA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MODALITY_OF_SCHEMA: dict[str, Modality] = {"gem_bulk": "bulk", "gem_sc": "sc"}
_PARTITIONED: tuple[str, ...] = tuple(table.name for table in TABLES.values() if table.partitioned)


class Warehouse:
    """One schema of a DuckDB file: its tables, replaced a dataset at a time.

    Every operation opens the file, does its work and closes it. While another process has the file
    open, the operation waits and tries again.

    Parameters
    ----------
    path
        The DuckDB file; made, with its folder, by the first write.
    schema
        Name of the schema: letters, digits and underscores, not the file's own name.
    modality
        What the samples are; may be left out for ``gem_bulk`` and ``gem_sc``.
    patience
        How long to wait for a locked file.

    Raises
    ------
    ValueError
        If the schema has no usable name, or its modality is not known.

    Examples
    --------
    >>> warehouse = Warehouse("results/warehouse.duckdb", "gem_bulk")
    >>> warehouse.replace_partition({"raw_genes": genes, "raw_counts": counts}, "my_study")
    {'raw_genes': 60666, 'raw_counts': 24}
    >>> warehouse.read("raw_counts", "my_study", ["sample_id", "total_count"]).to_pandas()
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
        if schema.casefold() in {self.path.stem.casefold(), CATALOG, "main", "temp"}:
            # DuckDB names an opened file after its stem: `x.table` would then mean two things.
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
        return f"Warehouse({str(self.path)!r}, {self.schema!r})"

    # Writing

    def replace_partition(
        self, tables: Mapping[str, pa.Table | pd.DataFrame], dataset: str | None
    ) -> dict[str, int]:
        """Replace a dataset's rows in some tables, all of them or none.

        Parameters
        ----------
        tables
            New rows of each table; an empty frame clears the dataset there. Columns are matched by
            name.
        dataset
            Whose rows they are; None for tables that belong to no dataset (``gene_order``), which
            are replaced whole.

        Returns
        -------
        dict of str to int
            Number of rows written to each table.

        Raises
        ------
        ContractError
            If rows break their table's contract or belong to another dataset. Nothing was opened.
        ValueError
            If a table is written in another way: by :meth:`append_history`, or with (without) a
            dataset.
        KeyError
            If there is no such table.
        WarehouseLockedError
            If somebody keeps the file open for longer than the patience lasts.
        WarehouseVersionError
            If another version of gem-assets has laid the file out.
        """
        for name in tables:
            self._require_replaceable(name, dataset)
        rows = {
            name: validate(name, frame, modality=self.modality) for name, frame in tables.items()
        }
        if dataset is not None:
            for name, table in rows.items():
                require_dataset(name, table, dataset)
        with self._writing() as connection:
            for name, table in rows.items():
                statement = statements.delete(self.schema, name, of_dataset=dataset is not None)
                connection.execute(statement, _parameters(dataset))
                with _incoming(connection, table):
                    connection.execute(statements.insert_incoming(self.schema, name))
        return {name: table.num_rows for name, table in rows.items()}

    def append_history(self, frame: pa.Table | pd.DataFrame) -> int:
        """Add rows to ``qc_history``; a run that is there already is replaced, not repeated.

        Returns
        -------
        int
            Number of rows given.

        Raises
        ------
        ContractError, WarehouseLockedError, WarehouseVersionError
            As :meth:`replace_partition`.
        """
        table = TABLES["qc_history"]
        rows = validate(table.name, frame, modality=self.modality)
        with self._writing() as connection, _incoming(connection, rows):
            connection.execute(
                statements.delete_incoming(self.schema, table.name, ("dataset", "run_id"))
            )
            connection.execute(statements.insert_incoming(self.schema, table.name))
        return int(rows.num_rows)

    def delete_dataset(self, dataset: str) -> dict[str, int]:
        """Delete a dataset's rows from every table, history included, in one transaction.

        Returns
        -------
        dict of str to int
            Number of rows deleted from each table.
        """
        deleted = dict.fromkeys(_PARTITIONED, 0)
        if not self.path.exists():
            return deleted
        with self._writing() as connection:
            for name in _PARTITIONED:
                statement = statements.delete(self.schema, name, of_dataset=True)
                deleted[name] = _number(connection.execute(statement, [dataset]))
        return deleted

    # Reading

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
        WarehouseLockedError, WarehouseVersionError
            As :meth:`replace_partition`.
        """
        with self.read_batches(table, dataset, columns=columns) as reader:
            return reader.read_all()

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
        asset = self._asset_of(table)
        if dataset is not None and table in TABLES and not TABLES[table].partitioned:
            raise ValueError(f"{table} belongs to no dataset")
        query = statements.select(self.schema, table, columns, of_dataset=dataset is not None)
        with self._reading() as connection:
            if connection is None:
                raise NotMaterialisedError(self.path, self.schema, table, asset)
            try:
                found = connection.sql(query, params=_parameters(dataset))
            except duckdb.BinderException as error:
                raise KeyError(f"no such column in {self.schema}.{table}: {error}") from error
            stream = found.to_arrow_reader(batch_rows)
            try:
                yield stream.cast(self._arrow_schema(table, stream.schema))
            finally:
                # An open reader would keep the file locked beyond the connection's end.
                stream.close()

    def row_count(self, table: str, dataset: str | None = None) -> int:
        """Return the number of rows of a table or view, 0 where nothing was written yet."""
        self._asset_of(table)
        statement = statements.count(self.schema, table, of_dataset=dataset is not None)
        with self._reading() as connection:
            if connection is None:
                return 0
            return _number(connection.execute(statement, _parameters(dataset)))

    def row_counts(self, dataset: str) -> dict[str, int]:
        """Return the number of a dataset's rows in every table that belongs to datasets."""
        counts = dict.fromkeys(_PARTITIONED, 0)
        with self._reading() as connection:
            if connection is None:
                return counts
            for table in _PARTITIONED:
                statement = statements.count(self.schema, table, of_dataset=True)
                counts[table] = _number(connection.execute(statement, [dataset]))
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

    # Connections and refusals

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with writing(self.path, self.patience) as connection:
            require_version(connection, self.path, self.schema, self.modality)
            lay_out(connection, self.schema, self.modality)
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """Yield a reading connection, None where nothing was written to the schema yet."""
        if not self.path.exists():
            yield None
            return
        with reading(self.path, self.patience) as connection:
            require_version(connection, self.path, self.schema, self.modality)
            yield connection if is_laid_out(connection, self.schema) else None

    def _require_replaceable(self, table: str, dataset: str | None) -> None:
        declared = table_named(table)
        if declared.history:
            raise ValueError(f"{table} is a history: rows are added by append_history")
        if declared.partitioned and dataset is None:
            raise ValueError(f"the rows of {table} belong to a dataset: name it")
        if not declared.partitioned and dataset is not None:
            raise ValueError(f"{table} belongs to no dataset: replace it whole, with dataset=None")

    def _asset_of(self, relation: str) -> str:
        return VIEWS[relation] if relation in VIEWS else table_named(relation).asset

    def _arrow_schema(self, relation: str, stream: pa.Schema) -> pa.Schema:
        """Return the contract's schema of the columns; a view's is what DuckDB says."""
        if relation in VIEWS:
            return stream
        declared = TABLES[relation].arrow_schema(self.modality)
        return pa.schema(declared.field(name) for name in stream.names)


def _parameters(dataset: str | None) -> list[str]:
    return [] if dataset is None else [dataset]


@contextmanager
def _incoming(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> Iterator[None]:
    """Let the connection see the rows as a table, for one statement."""
    connection.register(statements.INCOMING, rows)
    try:
        yield
    finally:
        connection.unregister(statements.INCOMING)


def _number(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the one number of a result."""
    [(number,)] = connection.fetchall()
    return int(number)
