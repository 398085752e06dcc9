"""Read and write the tables of one schema of a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import pandas as pd
import pyarrow as pa

from gem_assets.warehouse import statements
from gem_assets.warehouse.errors import WarehouseError
from gem_assets.warehouse.layout import lay_out, require_version
from gem_assets.warehouse.pieces import require_divisible, require_rules_between
from gem_assets.warehouse.reader import PARTITIONED, WarehouseReader, one_number, parameters
from gem_assets.warehouse.schemas import require_dataset, validate
from gem_assets.warehouse.sessions import writing
from gem_assets.warehouse.staging import staging
from gem_assets.warehouse.tables import TABLES, table_named


class Warehouse(WarehouseReader):
    """One schema of a DuckDB file: its tables, replaced a dataset at a time.

    As :class:`WarehouseReader`, and the file with its folder is made by the first write. Writers
    also wait for readers.

    Examples
    --------
    >>> warehouse = Warehouse("results/warehouse.duckdb", "gem_bulk")
    >>> warehouse.replace_partition({"raw_genes": genes, "raw_counts": counts}, "my_study")
    {'raw_genes': 60666, 'raw_counts': 24}
    >>> warehouse.read("raw_counts", "my_study", ["sample_id", "total_count"]).to_pandas()
    """

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
        WarehouseError
            If DuckDB fails to write: a full disk, a table altered by hand.
        """
        for name in tables:
            _require_replaceable(name, dataset)
        rows = {
            name: validate(name, frame, modality=self.modality) for name, frame in tables.items()
        }
        if dataset is not None:
            for name, table in rows.items():
                require_dataset(name, table, dataset)
        with self._writing() as connection:
            for name, table in rows.items():
                statement = statements.delete(self.schema, name, of_dataset=dataset is not None)
                connection.execute(statement, parameters(dataset))
                self._insert(connection, name, table)
            self._stamp(connection, dataset or "")
        return {name: table.num_rows for name, table in rows.items()}

    def replace_partition_by_pieces(
        self,
        tables: Iterable[str],
        pieces: Iterable[Mapping[str, pa.Table | pd.DataFrame]],
        dataset: str,
    ) -> dict[str, int]:
        """Replace a dataset's rows in some tables by rows that come in pieces, all or none.

        As :meth:`replace_partition`, for more rows than memory has room for: pieces are taken one
        by one, checked, and staged in temporary files beside the warehouse. Only when there are no
        more is it opened, for as long as the insertion takes; the whole dataset is checked before
        it takes the place of the old rows.

        Parameters
        ----------
        tables
            Tables to replace, whether pieces have rows for them or not.
        pieces
            Rows of some or all of these tables each.
        dataset
            Whose rows they are.

        Returns
        -------
        dict of str to int
            Number of rows written to each table.

        Raises
        ------
        ContractError
            If rows break their table's contract, or that of rows in another piece.
        ValueError
            If a piece has rows for another table, or a table whose rows are counted through comes
            in several pieces.
        KeyError, WarehouseLockedError, WarehouseVersionError, WarehouseError
            As :meth:`replace_partition`; what ``pieces`` raises comes through. In every case the
            old rows are kept.
        """
        names = tuple(tables)
        for name in names:
            _require_replaceable(name, dataset)
        with staging(self.path.parent, names, self.modality) as staged:
            for piece in pieces:
                for name, frame in piece.items():
                    if name not in staged.row_counts:
                        raise ValueError(f"a piece has rows of {name}, which is not replaced")
                    if staged.row_counts[name]:
                        require_divisible(name)
                    rows = validate(name, frame, modality=self.modality)
                    require_dataset(name, rows, dataset)
                    staged.append(name, rows)
            with self._writing() as connection:
                for name in names:
                    statement = statements.delete(self.schema, name, of_dataset=True)
                    connection.execute(statement, [dataset])
                    columns = [statements.quoted(c) for c in self._columns(connection, name)]
                    with staged.reader(name) as reader:
                        there = statements.insert_target(self.schema, name)
                        connection.from_arrow(reader).select(*columns).insert_into(there)
                    require_rules_between(connection, self.schema, name, dataset)
                self._stamp(connection, dataset)
        return staged.row_counts

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
        with self._writing() as connection:
            with _incoming(connection, rows):
                connection.execute(
                    statements.delete_incoming(self.schema, table.name, ("dataset", "run_id"))
                )
            self._insert(connection, table.name, rows)
            for dataset in rows["dataset"].unique().to_pylist():
                self._stamp(connection, dataset)
        return int(rows.num_rows)

    def delete_dataset(self, dataset: str) -> dict[str, int]:
        """Delete a dataset's rows from every table, history included, in one transaction.

        Returns
        -------
        dict of str to int
            Number of rows deleted from each table.
        """
        deleted = dict.fromkeys(PARTITIONED, 0)
        if not self.path.exists():
            return deleted
        with self._writing() as connection:
            for name in PARTITIONED:
                statement = statements.delete(self.schema, name, of_dataset=True)
                deleted[name] = one_number(connection.execute(statement, [dataset]))
            self._stamp(connection, dataset, gone=True)
        return deleted

    def _stamp(
        self, connection: duckdb.DuckDBPyConnection, dataset: str, *, gone: bool = False
    ) -> None:
        """Note, with the rows, that they are others now."""
        statement = statements.delete(self.schema, statements.STAMP_TABLE, of_dataset=True)
        connection.execute(statement, [dataset])
        if not gone:
            connection.execute(statements.insert_stamp(self.schema), [dataset])

    def _insert(self, connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
        """Insert rows by the names of their columns.

        Not through a registered view: a transaction keeps each of those, with its rows, to its end.
        """
        columns = self._columns(connection, table)
        there = statements.insert_target(self.schema, table)
        connection.from_arrow(rows.select(columns)).insert_into(there)

    def _columns(self, connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
        """Return the columns of a table in the order in which the file has them."""
        columns = connection.table(statements.insert_target(self.schema, table)).columns
        declared = table_named(table).column_names
        if set(columns) != set(declared):
            raise WarehouseError(
                f"{self.schema}.{table} in the warehouse {self.path} was altered by hand: it has "
                f"the columns {', '.join(columns)}, expected {', '.join(declared)}; what "
                "was there before is kept"
            )
        return list(columns)

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with writing(self.path, self.patience, self.modality) as connection:
                require_version(connection, self.path, self.schema, self.modality)
                lay_out(connection, self.schema, self.modality)
                yield connection
        except duckdb.Error as error:
            raise WarehouseError(
                f"DuckDB could not write to {self.schema} in the warehouse {self.path}; what was "
                f"there before is kept: {error}"
            ) from error


def _require_replaceable(table: str, dataset: str | None) -> None:
    declared = table_named(table)
    if declared.history:
        raise ValueError(f"{table} is a history: rows are added by append_history")
    if declared.partitioned and dataset is None:
        raise ValueError(f"the rows of {table} belong to a dataset: name it")
    if not declared.partitioned and dataset is not None:
        raise ValueError(f"{table} belongs to no dataset: replace it whole, with dataset=None")


@contextmanager
def _incoming(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> Iterator[None]:
    """Let the connection see the rows as a table, for one statement."""
    connection.register(statements.INCOMING, rows)
    try:
        yield
    finally:
        connection.unregister(statements.INCOMING)
