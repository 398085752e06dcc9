"""What kind of names a file gives its genes, what was done to read them, and what stayed open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

from gem_assets.genes.alignment_words import EVIDENCE
from gem_assets.genes.symbols import symbol_of_gene
from gem_assets.problems import InputProblem, Severity

KINDS: Final = {
    "ensembl": ("ensembl_id", "ensembl_version", "par_y_copy", "retired_id", "unknown_id"),
    "symbols": (
        "approved_symbol",
        "previous_symbol",
        "alias",
        "letter_case",
        "rewritten_by_r",
        "repeated_name",
        "spreadsheet_date",
        "spreadsheet_number",
        "shared_name",
    ),
    "entrez": ("entrez_id",),
    "transcripts": ("transcript",),
    "other_species": ("other_species",),
    "numbers": ("number",),
    "unknown": ("unknown",),
}
"""Kinds of names that a file may use, by the evidence of its rows."""

MIXED_SHARE = 0.10
"""Share of the second kind of names from which on a file's names are called mixed."""

REPAIRS: Final = {
    "ensembl_version": "version of the Ensembl id left out",
    "par_y_copy": "copy on chromosome Y added to the gene on X",
    "retired_id": "retired Ensembl id led to the gene that stands for it today",
    "entrez_id": "Entrez id led to its Ensembl id",
    "previous_symbol": "previous symbol led to today's",
    "alias": "alias led to its gene",
    "letter_case": "letter case of the symbol restored",
    "rewritten_by_r": "characters restored that R had replaced",
    "repeated_name": "number taken off a repeated name",
    "spreadsheet_date": "symbol restored that a spreadsheet had made a date",
}
"""What was done to a row that found its gene, by its evidence."""

LEFT_OUT: Final = {
    "spike_in": "spike-in control left out",
    "summary_row": "summary row left out",
}
"""Rows that are no gene and were meant to be left out."""

BY_SPREADSHEET: Final = ("spreadsheet_date", "spreadsheet_number")

EXAMPLES = 3
"""Rows shown of each repair."""

MANY = 100
"""Names that a list holds at most."""

EXPECTED_AMBIGUOUS = 0.001
"""Share of the counts on ambiguous names up to which nobody needs to act.

Every file of symbols has some: 1,628 genes of GENCODE 48 share their symbol with another, nearly
all of them small RNAs that polyA libraries hold few reads of.
"""


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was done to names.

    Attributes
    ----------
    evidence
        Machine word, of `gem_assets.genes.alignment_words.EVIDENCE`, or ``summed``.
    what
        What was done, in words, to one row.
    rows
        Number of rows that it was done to.
    examples
        Some of them: the name, and where it led.
    """

    evidence: str
    what: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentifierSummary:
    """The names of a file's genes.

    Attributes
    ----------
    rows
        Number of rows.
    kind
        The kind of most names: a key of `KINDS`, or ``mixed``.
    evidence
        Number of rows by how their name was read, in the order of `EVIDENCE`, without zeros.
    repairs
        What was done to names, in the order of `EVIDENCE`.
    ambiguous_rows
        Number of rows whose name may mean several genes.
    ambiguous
        The first 100 of them: name, and the genes it may mean.
    lost
        The first 100 names that a spreadsheet made dates or numbers of and no gene has.
    """

    rows: int
    kind: str
    evidence: dict[str, int]
    repairs: tuple[Repair, ...]
    ambiguous_rows: int
    ambiguous: tuple[tuple[str, str], ...]
    lost: tuple[str, ...]


def identifier_summary(resolution: pd.DataFrame) -> IdentifierSummary:
    """Summarise what `gem_assets.genes.resolution.resolve_genes` found.

    Parameters
    ----------
    resolution
        Its frame, or the ``record`` of an alignment.
    """
    counts = resolution["evidence"].value_counts()
    evidence = {kind: int(counts[kind]) for kind in EVIDENCE if kind in counts}
    placed = resolution["model_gene_id"].notna()
    repairs = [
        _repair(kind, what, resolution[placed & (resolution["evidence"] == kind)])
        for kind, what in REPAIRS.items()
        if kind in evidence
    ]
    repairs.append(
        _repair(
            "summed",
            "row added to another row of the same gene",
            resolution[resolution["action"] == "summed"],
        )
    )
    repairs.extend(
        _repair(kind, what, resolution[resolution["evidence"] == kind])
        for kind, what in LEFT_OUT.items()
        if kind in evidence
    )
    ambiguous = resolution[resolution["action"] == "ambiguous"]
    first = ambiguous.drop_duplicates("raw_gene_id").head(MANY)
    return IdentifierSummary(
        rows=len(resolution),
        kind=kind_of_names(evidence),
        evidence=evidence,
        repairs=tuple(repair for repair in repairs if repair.rows),
        ambiguous_rows=len(ambiguous),
        ambiguous=tuple(zip(first["raw_gene_id"], first["candidates"], strict=True)),
        lost=tuple(_lost(resolution)["raw_gene_id"].head(MANY)),
    )


def kind_of_names(evidence: dict[str, int]) -> str:
    """Return the kind of most names, a key of `KINDS`, from the rows by evidence."""
    rows = {kind: sum(evidence.get(name, 0) for name in names) for kind, names in KINDS.items()}
    first, second, *_ = sorted(rows, key=lambda kind: -rows[kind])
    if rows[first] == 0:
        return "unknown"
    # Names that nobody knows may well be of the kind of the others.
    if first == "unknown" and rows[second] > 0.5 * rows[first]:
        return second
    if "unknown" in (first, second) or rows[second] < MIXED_SHARE * (rows[first] + rows[second]):
        return first
    return "mixed"


def identifier_problems(record: pd.DataFrame) -> tuple[InputProblem, ...]:
    """Return what a user should mend in the names of a file.

    Parameters
    ----------
    record
        One row a raw gene: ``raw_gene_id``, ``action``, ``evidence``, ``read_as``, ``candidates``,
        ``share_of_counts``.

    Returns
    -------
    tuple of InputProblem
        ``excel_mangled_names`` and ``ambiguous_gene_names``, both warnings.
    """
    return (*_spreadsheet_problem(record), *_ambiguity_problem(record))


def _spreadsheet_problem(record: pd.DataFrame) -> tuple[InputProblem, ...]:
    damaged = record[record["evidence"].isin(BY_SPREADSHEET)]
    if damaged.empty:
        return ()
    restored = damaged["read_as"].notna()
    outcome = damaged["read_as"].fillna(damaged["candidates"]).fillna("no human gene")
    names = damaged["raw_gene_id"] + ": " + outcome
    open_names = names[~restored]
    rest = (
        f"; {len(open_names)} could not be, such as {open_names.iloc[0]}" if len(open_names) else ""
    )
    return (
        InputProblem(
            "excel_mangled_names",
            Severity.WARNING,
            f"A spreadsheet has turned {len(damaged)} gene name(s) into dates or numbers, such as "
            f"{damaged['raw_gene_id'].iloc[0]!r}: {restored.sum()} could be restored{rest}.",
            "Write the table again with the program that made it, and open it in a spreadsheet "
            "only with the column of the names set to text.",
            tuple(pd.concat([open_names, names[restored]]).head(MANY)),
        ),
    )


def _ambiguity_problem(record: pd.DataFrame) -> tuple[InputProblem, ...]:
    ambiguous = record[(record["action"] == "ambiguous") & ~record["evidence"].isin(BY_SPREADSHEET)]
    share = ambiguous["share_of_counts"].sum()
    if share < EXPECTED_AMBIGUOUS:
        return ()
    biggest = ambiguous.sort_values("share_of_counts", ascending=False, kind="stable")
    first = biggest.iloc[0]
    return (
        InputProblem(
            "ambiguous_gene_names",
            Severity.WARNING,
            f"{100 * share:.3g} % of all counts lie on {len(ambiguous):,} row(s) whose name means "
            f"several genes and were left out; the biggest is {first['raw_gene_id']!r} "
            f"({100 * first['share_of_counts']:.3g} %), which may be {first['candidates']}.",
            "Name the rows by Ensembl gene ids.",
            tuple((biggest["raw_gene_id"] + ": " + biggest["candidates"]).head(MANY)),
        ),
    )


def _lost(resolution: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of names that a spreadsheet rewrote and that no human gene has."""
    damaged = resolution["evidence"].isin(BY_SPREADSHEET) & resolution["read_as"].isna()
    return resolution[damaged & resolution["candidates"].isna()]


def _repair(evidence: str, what: str, rows: pd.DataFrame) -> Repair:
    some = rows.head(EXAMPLES)
    symbols = symbol_of_gene().reindex(some["model_gene_id"]).to_numpy(dtype=object)
    examples = []
    for name, read_as, gene_id, symbol in zip(
        some["raw_gene_id"], some["read_as"], some["model_gene_id"], symbols, strict=True
    ):
        steps = [name, read_as, symbol if isinstance(symbol, str) else gene_id]
        told = list(dict.fromkeys(step for step in steps if isinstance(step, str)))
        examples.append(" -> ".join(told))
    return Repair(evidence, what, len(rows), tuple(examples))
