"""What ``gem-assets inspect`` says: to a person in a terminal, to a file, and to a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gem_assets.problem_codes import family_of
from gem_assets.problems import Severity

if TYPE_CHECKING:
    from gem_assets.genes.identifiers import IdentifierSummary
    from gem_assets.inspecting import GeneFacts, Inspection, SampleFacts

MOST_ROWS = 40
"""Samples that are shown one a line; of more, the distribution is shown."""

BINS = 12
"""Rows of a distribution at most."""

_WIDTH = 24  # of a bar, in characters
_EIGHTHS = " ▏▎▍▌▋▊▉"
_COLOURS = {"fine": "green", "warnings": "yellow", "refused": "red"}
_NAMED = 5
_CANDIDATES = 3
_KINDS = {
    "ensembl": "Ensembl ids",
    "symbols": "gene symbols",
    "entrez": "Entrez ids",
    "transcripts": "transcripts",
    "other_species": "genes of another species",
    "numbers": "numbers",
    "unknown": "names that are unknown",
    "mixed": "a mixture of kinds",
}


def print_inspection(console: Console, found: Inspection) -> None:
    """Print one input: what it is, what of it the model knows, its samples, and its problems."""
    colour = _COLOURS[found.status]
    console.print(f"[bold]{_shown(found.path)}[/bold]: [{colour}]{found.status}[/]", soft_wrap=True)
    for name, text in _facts(found):
        console.print(f"  [dim]{name:<12}[/dim]{_shown(text)}", soft_wrap=True)
    for problem in found.problems:
        colour = "red" if problem.severity is Severity.ERROR else "yellow"
        console.print(
            f"  [{colour}]{problem.severity.value}[/] {problem.code}: {_shown(str(problem))}",
            soft_wrap=True,
        )
    if found.samples and found.samples.sample_ids:
        noun = "cell" if found.modality == "sc" else "sample"
        for chart in _charts(found.samples, noun):
            _print_chart(console, chart)


def inspection_record(found: Inspection) -> dict[str, object]:
    """Return one input for a machine; ``docs/inspect.md`` says what each key means."""
    samples, genes, sheet = found.samples, found.genes, found.sheet
    return {
        "path": found.path,
        "status": found.status.value,
        "modality": found.modality,
        "counts": found.counts,
        "format": found.format,
        "orientation": found.orientation,
        "notes": list(found.notes),
        "samples": samples
        and [
            {"sample_id": name, "total_count": total, "detected_genes": detected}
            for name, total, detected in zip(
                samples.sample_ids,
                samples.total_counts.tolist(),
                samples.detected_genes.tolist(),
                strict=True,
            )
        ],
        "genes": genes
        and {
            "names": genes.names,
            "actions": genes.actions,
            "model_id": genes.model_id,
            "model_genes": genes.model_genes,
            "model_genes_share": genes.model_genes_share,
            "counts_share": genes.counts_share,
            "identifiers": _identifiers_record(genes.identifiers),
        },
        "sheet": sheet
        and {
            "path": sheet.path,
            "format": sheet.format,
            "notes": list(sheet.notes),
            "resolutions": sheet.resolutions,
        },
        "problems": [
            {
                "code": problem.code,
                "family": family_of(problem.code).value,
                "severity": problem.severity.value,
                "sentence": problem.sentence,
                "action": problem.action,
                "where": list(problem.where),
            }
            for problem in found.problems
        ],
    }


def _identifiers_record(names: IdentifierSummary) -> dict[str, object]:
    return {
        "kind": names.kind,
        "evidence": names.evidence,
        "repairs": [asdict(repair) for repair in names.repairs],
        "ambiguous_rows": names.ambiguous_rows,
        "ambiguous": [{"name": name, "candidates": may_be} for name, may_be in names.ambiguous],
        "lost": list(names.lost),
    }


def _facts(found: Inspection) -> Iterator[tuple[str, str]]:
    if found.counts and found.counts != found.path:
        yield "counts", found.counts
    if found.format:
        lying = f", {found.orientation}" if found.orientation else ""
        yield "format", f"{found.format}{lying}"
    if found.samples:
        yield ("cells" if found.modality == "sc" else "samples"), _names(found.samples.sample_ids)
    if found.genes:
        yield from _gene_lines(found.genes)
    if found.sheet:
        yield "sheet", f"{found.sheet.path} ({found.sheet.format})"
        yield "labels", _tally(found.sheet.resolutions)
    for note in (*found.notes, *(found.sheet.notes if found.sheet else ())):
        yield "assumed", note


def _gene_lines(genes: GeneFacts) -> Iterator[tuple[str, str]]:
    yield "genes", f"{genes.names:,}: {_tally(genes.actions)}"
    yield (
        "coverage",
        f"{genes.model_genes_share:.1%} of the {genes.model_genes:,} genes of {genes.model_id} "
        f"(embedded order), {genes.counts_share:.1%} of the counts",
    )
    yield from _identifier_lines(genes.identifiers)


def _identifier_lines(names: IdentifierSummary) -> Iterator[tuple[str, str]]:
    yield "named by", _KINDS.get(names.kind, names.kind)
    for repair in names.repairs:
        yield "mended", f"{repair.rows:,}: {repair.what} ({'; '.join(repair.examples)})"
    if names.ambiguous_rows:
        shown = [f"{name} may be {_first(may_be)}" for name, may_be in names.ambiguous[:_NAMED]]
        more = "; ..." if names.ambiguous_rows > _NAMED else ""
        yield "ambiguous", f"{names.ambiguous_rows:,}, left out: {'; '.join(shown)}{more}"
    if names.lost:
        yield "lost", f"to a spreadsheet, and no gene's: {_some(names.lost)}"


def _first(may_be: str) -> str:
    """Return the first of the genes that a name may mean."""
    genes = may_be.split(" || ")
    return " or ".join(genes[:_CANDIDATES]) + (" or ..." if len(genes) > _CANDIDATES else "")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _names(names: Sequence[str]) -> str:
    return f"{len(names):,}: {_some(names)}"


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in counts.items()) or "none"


@dataclass(frozen=True, slots=True)
class _Chart:
    """Rows of a name and a number for each column; the longest of a column is its longest bar."""

    noun: str
    columns: tuple[str, ...]
    rows: list[tuple[str, tuple[float, ...]]]


def _charts(samples: SampleFacts, noun: str) -> Iterator[_Chart]:
    """Yield a row a sample, or, of many samples, how many have which size."""
    sizes = {"counts": samples.total_counts, "detected genes": samples.detected_genes}
    if len(samples.sample_ids) <= MOST_ROWS:
        pairs = zip(*(values.tolist() for values in sizes.values()), strict=True)
        rows = list(zip(samples.sample_ids, pairs, strict=True))
        yield _Chart(noun, tuple(sizes), rows)
        return
    for name, values in sizes.items():
        yield _Chart(name, (f"{noun}s",), list(_distribution(np.asarray(values, dtype=float))))


def _distribution(values: NDArray[np.float64]) -> Iterator[tuple[str, tuple[float]]]:
    """Yield ranges of equal ratio, and how many values lie in each; zeros have one of their own."""
    zeros = int(np.count_nonzero(values <= 0))
    if zeros:
        yield "0", (zeros,)
    above = values[values > 0]
    if not len(above):
        return
    bins = BINS - bool(zeros)
    edges = np.unique(np.rint(np.geomspace(above.min(), above.max() + 1, bins + 1)))
    if len(edges) < 2:  # values below 1
        edges = np.array([0.0, 1.0])
    edges[0] = min(edges[0], above.min())
    edges[-1] = max(edges[-1], above.max())
    counted, _ = np.histogram(above, edges)
    for low, high, n in zip(edges, edges[1:], counted.tolist(), strict=False):
        yield f"{low:,.0f} to {high:,.0f}", (n,)


def _print_chart(console: Console, chart: _Chart) -> None:
    """Print bars in a terminal, and the numbers alone elsewhere."""
    if not console.is_terminal:
        for name, values in chart.rows:
            numbers = ", ".join(map(_counted, values, chart.columns))
            console.print(f"  {chart.noun} {_shown(name)}: {numbers}", soft_wrap=True)
        return
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    table.add_column(chart.noun, overflow="fold")
    for column in chart.columns:
        table.add_column("", min_width=_WIDTH)
        table.add_column(column, justify="right")
    most = [max(row[1][i] for row in chart.rows) for i in range(len(chart.columns))]
    for name, values in chart.rows:
        cells: list[str] = []
        for value, longest in zip(values, most, strict=True):
            cells += [_bar(value / longest if longest > 0 else 0.0), f"{value:,.0f}"]
        table.add_row(_shown(name), *cells)
    console.print(table)


def _counted(number: float, things: str) -> str:
    shown = f"{number:,.0f}"
    return f"{shown} {things.removesuffix('s') if shown == '1' else things}"


def _shown(text: str) -> str:
    """Return text of a file's so that it says to the terminal what it is, and nothing else."""
    return escape("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def _bar(share: float) -> str:
    eighths = round(8 * _WIDTH * min(max(share, 0.0), 1.0))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
