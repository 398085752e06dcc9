"""A dataset's own aliases, as a table: what words of its sheet mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.labels.delimited import read_delimited
from gem_assets.labels.spelling import fold
from gem_assets.problems import InputProblem, RefusedInputError, Severity, refuse

if TYPE_CHECKING:
    from upath import UPath

_COLUMNS = ("field", "text", "term")


def read_alias_file(path: Path | UPath) -> dict[str, dict[str, str]]:
    """Read a CSV or TSV with the columns ``field, text, term``.

    Parameters
    ----------
    path
        The file. ``term`` is an ontology id or, where it is unique, a term's label; further
        columns are for people.

    Returns
    -------
    dict
        Field, then text, then term; whether they exist is asked by
        `gem_assets.labels.aliases.check_aliases`.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it can't be read, lacks a column, a cell is empty, or a text has two terms.
    """
    source = str(path)
    table = read_delimited(path, source)
    names = [name.casefold() for name in table.header]
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise refuse(
            "alias_file_columns",
            f"{source} has no column {' and no column '.join(map(repr, missing))}; it has: "
            f"{', '.join(table.header)}.",
            "Give it the columns field, text and term, e.g. 'tissue,Biopsy A,UBERON:0002107'.",
        )
    places = [names.index(name) for name in _COLUMNS]
    aliases: dict[str, dict[str, str]] = {}
    lines: dict[tuple[str, str], tuple[int, str]] = {}
    problems = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        field, text, term = (cells[place] for place in places)
        if not (field and text and term):
            problems.append(
                _problem(
                    "alias_file_gap",
                    f"{source}, line {line}: field, text and term must all be filled.",
                    "Fill the row up, or delete it.",
                )
            )
            continue
        first, meant = lines.setdefault((field, fold(text)), (line, term))
        if fold(meant) != fold(term):
            problems.append(
                _problem(
                    "alias_file_repeat",
                    f"{source}, lines {first} and {line}: {text!r} of {field} stands for both "
                    f"{meant!r} and {term!r}.",
                    "Keep one of the two rows.",
                )
            )
        aliases.setdefault(field, {})[text] = term
    if problems:
        raise RefusedInputError(*problems)
    return aliases


def _problem(code: str, sentence: str, action: str) -> InputProblem:
    return InputProblem(code, Severity.ERROR, sentence, action)
