"""A Sphinx directive that shows every table of the warehouse as its contract declares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from gem_assets.warehouse import TABLES, column_schema

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class WarehouseTables(Directive):
    """A section a table: what fills it, and its columns with type and meaning."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        """Return the sections, as the state's own parser makes them of text."""
        lines = [line for name in TABLES for line in _section(name)]
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source="warehouse"), 0, node)
        return list(node.children)


def _section(table: str) -> list[str]:
    differs = column_schema(table, "bulk") != column_schema(table, "sc")
    columns = column_schema(table, "bulk")
    types_of_cells = {name: kind for name, kind, *_ in column_schema(table, "sc")}
    lines = [
        f"**{table}** (asset `{TABLES[table].asset}`)",
        "",
        "| column | type | null | meaning |",
        "|---|---|---|---|",
    ]
    for name, kind, description, nullable in columns:
        shown = kind
        if differs and types_of_cells[name] != kind:
            shown = f"{kind} (sc: {types_of_cells[name]})"
        meaning = description.replace("|", "\\|").replace("\n", " ")
        lines.append(f"| `{name}` | {shown} | {'yes' if nullable else ''} | {meaning} |")
    return [*lines, ""]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("warehouse-tables", WarehouseTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
