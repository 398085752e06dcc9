"""Read a delimited text file into a table: its layout, its values, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

from gem_assets.counts.readers.source import CountsSource
from gem_assets.counts.readers.text_blocks import UnreadableBlockError, read_table
from gem_assets.counts.readers.text_faults import find_fault
from gem_assets.counts.readers.text_layout import TextLayout, find_layout
from gem_assets.counts.readers.wide_table import WideTable
from gem_assets.problems import RefusedInputError, refuse


def read_text_table(
    source: CountsSource,
    skipped: int = 0,
    known: Callable[[TextLayout], TextLayout] | None = None,
) -> tuple[WideTable, TextLayout]:
    """Read a delimited text file.

    Parameters
    ----------
    source
        The file.
    skipped
        How many lines stand before the header.
    known
        Corrects what was found of the layout by what is known of the format.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be read; the sentence names the row and column.
    """
    with source.bytes() as file:
        layout = find_layout(file, skipped)
    if known is not None:
        layout = known(layout)
    try:
        with source.bytes() as file:
            table = read_table(file, layout)
    except UnreadableBlockError as error:
        with source.bytes() as file:
            raise find_fault(file, layout) or _unexplained(error) from error
    second = layout.second_name
    wide = WideTable(
        row_names=table.row_names,
        second_names=table.second_names,
        second_heading=None if second is None else layout.columns[second],
        columns=[layout.columns[i] for i in layout.value_columns],
        ignored=tuple(layout.columns[i] for i in layout.ignored),
        counts=table.counts,
        corner=layout.corner,
    )
    return wide, layout


def header_of(head: bytes, skipped: int = 0) -> list[str]:
    """Return the tab-separated cells of a line at the head of a file; empty if there is none."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", skipped + 1)
    if len(lines) <= skipped:
        return []
    text = lines[skipped].rstrip(b"\r").decode("utf-8", "replace")
    return [cell.strip().strip('"') for cell in text.split("\t")]


def _unexplained(error: UnreadableBlockError) -> RefusedInputError:
    return refuse(
        "unreadable_text",
        f"the table can't be read: {str(error).splitlines()[0]}.",
        "Write the file again as plain tab-separated text, without quotes.",
    )
