"""What every case is answered, as a page to read: sentences.md; and docs/problems.md of it.

``python tests/wrong_input/snapshot.py`` writes both anew. Read the difference before you commit.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cases_of_datasets
import cases_of_files
import cases_of_formats
import cases_of_values
from wrong_cases import CASES, Case

from gem_assets.inspecting import Inspection, inspect_path
from gem_assets.problem_codes import CODES, ProblemCode
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.severities import IGNORE

MODULES = (cases_of_values, cases_of_files, cases_of_formats, cases_of_datasets)
"""Importing them registers the cases."""

SENTENCES = Path(__file__).parent / "sentences.md"
PAGE = Path(__file__).parents[2] / "docs" / "problems.md"

# Every case has few genes, so that it is quick: told by the case that is about it.
COMMON = "model_genes_missing"

_FOREIGN = (
    # What a library says of a damaged file differs by its version, and readers come to be more.
    (re.compile(r"(damaged \().*(\)\.)"), r"\1...\2"),
    (re.compile(r"Give counts as one of: .*"), "Give counts as one of: ..."),
)

UNSHOWN = {
    "no_delimiter": "Lines that are not divided into columns.",
    "unreadable_text": "Text that neither we nor Arrow can explain.",
    "long_line": "A line of many megabytes.",
    "too_many_files": "A folder of thousands of files.",
    "too_many_rows": "More rows than there are genes.",
    "location_unreachable": "A location in the network that does not answer.",
    "expands_too_far": "A file that unpacks to a thousand times its size, as no counts do.",
    "sample_sheet_too_large": "A sheet of many megabytes.",
}
"""Codes that take a network, or more of the disk than a test should; the tests of their rooms have
them."""

_SECTION = re.compile(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_PROBLEM = re.compile(r"^- (\w+) `(\w+)`: (.*)\n  (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What became of a case: its problems, and the inspection where there was one."""

    problems: tuple[InputProblem, ...]
    inspection: Inspection | None = None


def ask(case: Case) -> Answer:
    """Build a case in the working folder, and look at it as ``gem-assets inspect`` does."""
    folder = Path(case.modality) / case.name
    call = case.build(folder)
    if call is None:
        found = inspect_path(str(folder))
        told = found.problems
        if case.name != "part_of_the_genes":
            told = tuple(problem for problem in told if problem.code != COMMON)
        return Answer(told, found)
    try:
        call()
    except RefusedInputError as refusal:
        return Answer(refusal.problems)
    raise AssertionError(f"{case.name} was not refused")


def section(case: Case, problems: Sequence[InputProblem]) -> str:
    """Return what the page says of a case."""
    here = str(Path.cwd()) + "/"
    lines = []
    for problem in problems:
        said = f"{problem.sentence}\n  {problem.action}"
        said = said.replace(here, "").replace(f"{case.modality}/{case.name}/", "")
        for pattern, kept in _FOREIGN:
            said = pattern.sub(kept, said)
        lines.append(f"- {problem.severity} `{problem.code}`: {said}")
    return "\n".join([case.what, "", *(lines or ["- nothing"])])


def page_of_cases(sections: dict[str, str]) -> str:
    """Return sentences.md."""
    blocks = [
        "# What is said of wrong input",
        "Made by `python tests/wrong_input/snapshot.py`; a test holds every case to it.",
    ]
    for area, cases in groupby(CASES.values(), key=lambda case: case.area):
        blocks.append(f"## {area}")
        blocks += [f"### {case.name}\n\n{sections[case.name]}" for case in cases]
    return "\n\n".join(blocks) + "\n"


def read_sections(text: str) -> dict[str, str]:
    """Return what sentences.md says of each case."""
    return {name: body.strip() for name, body in _SECTION.findall(text)}


def page_of_problems(sections: dict[str, str]) -> str:
    """Return docs/problems.md: every code with what is said of it in the first case that has it."""
    examples: dict[str, tuple[str, str]] = {}
    for body in sections.values():
        for _, code, sentence, action in _PROBLEM.findall(body):
            examples.setdefault(code, (sentence, action))
    return "\n\n".join(_blocks(CODES.values(), examples)) + "\n"


def _blocks(codes: Iterable[ProblemCode], examples: dict[str, tuple[str, str]]) -> Iterator[str]:
    yield "# Problems of an input, by code"
    yield (
        "An *error* refuses a dataset before anything of it is sent; a *warning* is told, and it "
        "goes on. Errors are judged at once, in the asset check that is named after what they are "
        "about, and `gem-assets inspect` tells them without a run."
    )
    yield (
        "A dataset may say otherwise in its `dataset.yaml`, where this page says so: "
        "`severity: {few_model_genes: warning, few_reads: ignore}`. What is a fact of the file "
        "(it can't be read, it holds TPM) stays an error."
    )
    yield "This page is made from the cases of wrong input in the tests."
    for family, members in groupby(codes, key=lambda code: code.family):
        yield f"## {family.capitalize()}"
        for code in members:
            yield f"### `{code.name}`\n\n{_weight(code)}\n\n{_example(code.name, examples)}"


def _example(name: str, examples: dict[str, tuple[str, str]]) -> str:
    if name not in examples:
        return f"{UNSHOWN.get(name, '')} The sentence says what to do."
    sentence, action = examples[name]
    return f"> {sentence}\n\n{action}"


def _weight(code: ProblemCode) -> str:
    if not code.changeable:
        return "Error, always."
    if code.severity is Severity.ERROR:
        return "Error; a dataset may make it a `warning`."
    return f"Warning; a dataset may make it an `error`, or `{IGNORE}` it."


def main() -> None:
    """Write both pages."""
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        sections = {case.name: section(case, ask(case).problems) for case in CASES.values()}
        os.chdir(before)
    SENTENCES.write_text(page_of_cases(sections), encoding="utf-8")
    PAGE.write_text(page_of_problems(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
