"""What became of every case of a format, as docs/formats.md shows it.

``python tests/counts/format_page.py`` writes the page anew. Read the difference before you commit.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from format_cases import LAYOUTS, TRAPS, Layout, Location, Trap
from format_references import SHARED

from gem_assets.counts.intake import take_in_counts
from gem_assets.counts.readers import READERS, CountsSource, read_counts
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.settings import Modality

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"

_ROW = re.compile(r"^\| (?P<key>[^|]+ \| [^|]+) \|.*\|$", re.MULTILINE)


def key(case: Layout | Trap) -> str:
    """Return the first two cells of a case's row."""
    tried = case.tried if isinstance(case, Layout) else case.given
    return f"{case.format} | {tried}"


def read_layout(case: Layout, folder: Path) -> tuple[str, str | None]:
    """Write and read a layout; return its row, and how ours differs from the reference's."""
    path, reference = case.write(folder)
    if reference is None:
        source = CountsSource.open(path)
        reader = next(reader for reader in READERS if reader.recognises(source))
        problem = answer(path)
        name = type(reader).__module__.rpartition(".")[2]
        return _row(key(case), case.source, f"`{name}`", _outcome(problem), "", ""), None
    file = read_counts(path)
    ours = file.matrix
    difference = reference.difference(ours)
    agreed = difference or f"all {ours.n_samples * ours.n_genes:,} numbers"
    recognised = f"`{file.format}`" + (f", {file.orientation}" if file.orientation else "")
    row = _row(
        key(case),
        case.source,
        recognised,
        f"{ours.n_samples:,} x {ours.n_genes:,}",
        f"{reference.reader}: {agreed}",
        _without_places(" ".join(file.notes), folder),
    )
    return row, difference


def read_trap(case: Trap, folder: Path) -> tuple[str, str]:
    """Write and read a trap; return its row, and the code of what was said."""
    path = case.write(folder)
    problem = answer(path, case.modality, case.code)
    said = _without_places(problem.sentence.removeprefix(f"{path}: "), folder)
    return _row(key(case), _outcome(problem), said, problem.action), problem.code


def answer(path: Location, modality: Modality = "bulk", code: str = "") -> InputProblem:
    """Return what is said of counts: the problem of a code, or the first."""
    try:
        _, problems = take_in_counts(path, modality)
    except RefusedInputError as refused:
        problems = refused.problems
    return next((problem for problem in problems if problem.code == code), problems[0])


def rows_of(text: str) -> dict[str, str]:
    """Return the rows of a page by their first two cells."""
    return {match["key"]: match[0] for match in _ROW.finditer(text)}


def page(rows: Mapping[str, str]) -> str:
    """Return the page with what became of each case."""
    layouts = "\n".join(rows.get(key(case), "") for case in LAYOUTS.values())
    traps = "\n".join(rows.get(key(case), "") for case in TRAPS.values())
    return _TEXT.replace("LAYOUTS", layouts).replace("TRAPS", traps)


def _row(*cells: str) -> str:
    head, *others = cells
    return " | ".join([f"| {head}", *(cell.replace("|", r"\|") for cell in others)]) + " |"


def _outcome(problem: InputProblem) -> str:
    outcome = "refused" if problem.severity is Severity.ERROR else "read, with a warning"
    return f"{outcome}: [`{problem.code}`](problems.md#{problem.code})"


def _without_places(text: str, folder: Path) -> str:
    for place in (folder, SHARED):
        text = text.replace(f"{place}/", "")
    return re.sub(r"(damaged \().*(\)\.)", r"\1...\2", " ".join(text.split()))


_TEXT = """\
# Formats of counts

What a file is, is told by its content; the name matters only where two formats look alike. \
[`gem-assets inspect FILE`](inspect.md) says what it is taken for and what is assumed, and reads \
nothing else than a run would.

This page is made by a test (`tests/counts/test_counts_format_table.py`). Each row is a file that \
was written to the format's documented layout from a real cohort, or a real file of 10x; it was \
read, and every name and number compared with what another reader makes of the same file: \
anndata, scanpy and pytximport where they read the format, else a parse with pandas that is \
written out for the layout. Sizes are samples x genes: mostly, every 10th to 40th gene of the \
cohort was written.

## What is read

| Format | Tried on | Counts of | Recognised as | Read | Same matrix as | Assumed |
|---|---|---|---|---|---|---|
LAYOUTS

## What looks like counts, and is not, or not quite

| Format | Given | Answer | What is said | What to do |
|---|---|---|---|---|
TRAPS

All problems: [problems.md](problems.md).

## Where the files lie

A dataset is a folder `bulk/NAME/` or `sc/NAME/`. Where one file or folder in it holds counts, it \
is found by itself. Where several may, `dataset.yaml` names one, relative to the dataset's folder \
and never out of it. One of:

```yaml
counts: results                                    # nf-core's results as they are, one quantifier
counts: results/star_rsem                          # nf-core's results, one of several quantifiers
counts: results/salmon/salmon.merged.gene_counts_scaled.tsv
counts: star                                       # a folder of *ReadsPerGene.out.tab
counts: outs/filtered_feature_bc_matrix
```

Folders are looked into three levels deep. A link that leads out of the folder is refused. The \
data may lie wherever fsspec lists folders (`s3://`, `gs://`, `memory://`...).

Files of one sample each must have the same genes, in any order; a sample is named by its file \
without what the program adds, or by its folder where nothing is left.

## Add a format

One new file in `gem_assets/counts/readers/formats/`, with one class; nothing else is to be \
entered anywhere. It says

- `rank`: when it is asked. 10 if the content bears an exact signature, 50 for a family that its \
header tells, 90 for any text;
- `reads`: the format in words, for the sentence that lists what can be read;
- `recognises(source)`: whether `source.head` (the first 64 KiB, unpacked), or for a folder the \
names and heads of `source.members`, are of the format. It never raises;
- `read(source)`: a `CountsFile` with the matrix, the format's name, what was assumed (`notes`) \
and warnings (`problems`); or `refuse(code, sentence, action)` where it is not counts.

`parquet.py` is a short one; `rsem.py` is one of a file a sample (`SampleFilesReader` gathers \
them); `recount3.py` only refuses. Then add its layouts and traps to \
`tests/counts/format_cases.py` and run `python tests/counts/format_page.py`, which writes this page.
"""


def main() -> None:
    """Write the page."""
    rows = {}
    for name, case in (LAYOUTS | TRAPS).items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / name
            folder.mkdir()
            read = read_layout if isinstance(case, Layout) else read_trap
            rows[key(case)] = read(case, folder)[0]
    PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
