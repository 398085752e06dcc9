"""Series matrix files of GEO, of which only the ``!Sample_`` lines are read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pandas as pd

from gem_assets.labels.columns import plain_name
from gem_assets.labels.sheet_file import SheetText
from gem_assets.labels.sheets.layout import Layout
from gem_assets.labels.spelling import fold
from gem_assets.labels.words import says_nothing
from gem_assets.problems import refuse

_ACCESSION = "geo_accession"
_CHARACTERISTICS = "characteristics_ch1"
_RELATIONS = {
    "BioSample": re.compile(r"biosample/(SAM[NED]A?\d+)"),
    "SRA": re.compile(r"term=([SED]RX\d+)"),
}
"""Accessions within the links of ``!Sample_relation`` lines."""

_SEVERAL = " || "


class GeoSeriesMatrix:
    """A line an attribute, a column a sample: ``!Sample_title  "liver 1"  "liver 2"``.

    ``!Sample_characteristics_ch1`` repeats; its cells are ``key: value``, whose key may differ by
    sample within a line. The samples are columns of the layout.
    """

    name = "geo_series_matrix"
    rank = 10

    def recognises(self, text: SheetText) -> bool:
        """Tell by the first line and the one of the samples' accessions."""
        return text.text.lstrip().startswith("!") and "!Sample_" in text.text

    def lay_out(self, text: SheetText) -> Layout:
        """Return a row a sample.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            If there are no accessions, or a line has another number of samples.
        """
        columns: dict[str, list[str]] = {}
        characteristics: list[list[str]] = []
        for number, name, cells in _sample_lines(text):
            if columns and len(cells) != len(columns[_ACCESSION]):
                raise refuse(
                    "sample_sheet_ragged",
                    f"{text.source}, line {number}: !Sample_{name} has {len(cells)} cells, but "
                    f"there are {len(columns[_ACCESSION])} samples.",
                    "Download the series matrix from GEO again.",
                )
            if name == _CHARACTERISTICS:
                characteristics.append(cells)
            elif name == "relation":
                for kind, link in _RELATIONS.items():
                    found = [m[1] if (m := link.search(cell)) else "" for cell in cells]
                    columns[kind] = _joined(columns.get(kind), found)
            elif not name.endswith("_ch2"):
                columns[name] = _joined(columns.get(name), cells)
        columns |= _by_key(characteristics, columns)
        frame = pd.DataFrame(columns, dtype=str)
        meanings = {"organism_ch1": "organism"} if "organism_ch1" in columns else {}
        return Layout(
            frame,
            tuple(range(2, len(frame) + 2)),
            sample_columns=(_ACCESSION, "title", "BioSample", "SRA", "description"),
            unit="column",
            meanings=meanings,
            perhaps={"source_name_ch1": "tissue"},
            ignored=frozenset(("title", "description")),
        )


def _sample_lines(text: SheetText) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line number, attribute and cells, the accessions first."""
    lines = []
    for number, line in enumerate(io.StringIO(text.text, newline=None), 1):
        if fold(line).startswith("!series_matrix_table_begin"):
            break
        if not line.startswith("!Sample_"):
            continue
        try:
            cells = next(csv.reader([line], delimiter="\t", strict=True))
        except csv.Error as error:
            raise refuse(
                "sample_sheet_malformed",
                f"{text.source}, line {number}: {error}.",
                "Download the series matrix from GEO again.",
            ) from error
        lines.append((number, cells[0].removeprefix("!Sample_"), [c.strip() for c in cells[1:]]))
    accessions = [line for line in lines if line[1] == _ACCESSION]
    if not accessions or not accessions[0][2]:
        raise refuse(
            "sample_sheet_without_sample_id",
            f"{text.source} looks like a series matrix of GEO, but no line !Sample_geo_accession "
            "names its samples.",
            "Download the series matrix from GEO again.",
        )
    yield accessions[0]
    yield from (line for line in lines if line[1] != _ACCESSION)


def _joined(before: list[str] | None, cells: list[str]) -> list[str]:
    """Add the cells of a repeated line."""
    if before is None:
        return cells
    return [_with(one, two) for one, two in zip(before, cells, strict=True)]


def _with(one: str, two: str) -> str:
    if says_nothing(two) or fold(two) in map(fold, one.split(_SEVERAL)):
        return one
    return two if says_nothing(one) else f"{one}{_SEVERAL}{two}"


def _by_key(lines: list[list[str]], taken: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return a column a key of the characteristics.

    Several values of one key in a sample are joined by ``||``; cells without a key are of the
    column ``characteristics``.
    """
    names: dict[str, str] = {}
    columns: dict[str, list[str]] = {}
    for cells in lines:
        for sample, cell in enumerate(cells):
            key, colon, value = cell.partition(":")
            if not colon:
                key, value = "characteristics", cell
            if not value.strip():
                continue
            name = names.setdefault(plain_name(key), key.strip())
            if name in taken:
                name = f"{name} (characteristics)"
            column = columns.setdefault(name, [""] * len(cells))
            column[sample] = _with(column[sample], value.strip())
    return columns
