"""Whatever is wrong with an input, its author reads a sentence, and the endpoint is not asked."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hosted import Hosted
from snapshot import (
    PAGE,
    SENTENCES,
    UNSHOWN,
    ask,
    page_of_cases,
    page_of_problems,
    read_sections,
    section,
)
from upath import UPath
from wrong_cases import CASES, Case

from gem_assets.assets.statements import check_statements
from gem_assets.datasets import Dataset, dataset_in
from gem_assets.headless import run_datasets
from gem_assets.one_file import predict_file
from gem_assets.problem_codes import CODES, Family
from gem_assets.problems import InputProblem, RefusedInputError, Severity
from gem_assets.resources import GemDatasets
from gem_assets.settings import Settings

COUNTS = {
    Family.FILE,
    Family.VALUES,
    Family.SPECIES,
    Family.DEPTH,
    Family.IDENTIFIERS,
    Family.COVERAGE,
}
TOLD = read_sections(SENTENCES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_answered_in_the_sentence_of_the_snapshot(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosted: Hosted
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask(case)
    written = everything(tmp_path)
    assert section(case, answer.problems) == TOLD.get(case.name), (
        "If this is right: python tests/wrong_input/snapshot.py"
    )
    assert answer.problems
    for problem in answer.problems:
        hold_to_the_rules(problem)
    found = answer.inspection
    if found is None or found.counts is None:
        return
    errors = [p for p in answer.problems if p.severity is Severity.ERROR]
    if any(CODES[p.code].family in COUNTS for p in errors):
        with pytest.raises(RefusedInputError) as refused:
            predict_file(Path(found.counts), case.modality, hosted.settings)
        assert {p.code for p in refused.value.problems} & {p.code for p in errors}
        assert hosted.server.requests == []
    elif errors and found.samples is not None:
        dataset = dataset_in(UPath(found.path), case.modality)
        with pytest.raises(RefusedInputError) as refused:
            look_before_sending(dataset, found.samples.sample_ids)
        assert {p.code for p in refused.value.problems} & {p.code for p in errors}
    assert everything(tmp_path) == written


def look_before_sending(dataset: Dataset, sample_ids: Sequence[str]) -> None:
    """Look at what the predictions look at before anything is sent."""
    GemDatasets(data="data", modality=dataset.modality).judged_by(dataset.config)
    check_statements(dataset, sample_ids)


def hold_to_the_rules(problem: InputProblem) -> None:
    """A sentence, an action, a known code of the severity that is documented."""
    for text in (problem.sentence, problem.action):
        assert text.rstrip().endswith((".", "?", ")", "'"))
        for noise in ("Traceback", "Error:", "Exception", ".py", "site-packages", "\n"):
            assert noise not in text
    assert problem.severity is CODES[problem.code].severity


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_snapshot_has_every_case_in_order() -> None:
    assert len(CASES) >= 60
    assert SENTENCES.read_text(encoding="utf-8") == page_of_cases(
        {name: TOLD.get(name, "") for name in CASES}
    ), "python tests/wrong_input/snapshot.py writes it anew"


def test_the_page_of_problems_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_of_problems(TOLD), (
        "python tests/wrong_input/snapshot.py writes it anew"
    )


def test_every_code_of_the_package_is_registered(repository: Path) -> None:
    used = {
        code
        for path in sorted((repository / "gem_assets").rglob("*.py"))
        for code in codes_of(path)
    }
    not_registered = used - set(CODES)
    assert not not_registered, "add them to gem_assets/problem_codes.py"
    assert not set(CODES) - used, "no longer used"


def test_every_code_has_a_case() -> None:
    shown = {code for code in CODES if any(f"`{code}`: " in body for body in TOLD.values())}
    without = set(CODES) - shown - set(UNSHOWN)
    assert not shown & set(UNSHOWN)
    assert not without, "add a case to tests/wrong_input for each, then write the snapshot anew"


# What no input of the user's causes
ELSEWHERE = {
    *("gem_assets/embedded/faults", "gem_assets/problems.py"),
    *("gem_assets/forgetting.py", "gem_assets/open_reviews.py", "gem_assets/reviewing.py"),
    *("gem_assets/mixing.py", "gem_assets/rebuilding.py", "gem_assets/selftesting.py"),
    *("gem_assets/exporting", "gem_assets/reading.py"),
}


def codes_of(path: Path) -> Iterator[str]:
    """Yield the codes that a module gives to problems, straight or through a function of its own.

    A code is what is passed as the parameter ``code``, or assigned to a variable of that name.
    """
    if any(part in path.as_posix() for part in ELSEWHERE):
        return
    text = path.read_text(encoding="utf-8")
    if not any(word in text for word in ("refuse", "InputProblem", "code")):
        return
    tree = ast.parse(text)
    position = {"refuse": 0, "InputProblem": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args if argument.arg != "self"]
            if "code" in names:
                position[node.name] = names.index("code")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in position:
                given = [k.value for k in node.keywords if k.arg == "code"]
                given += node.args[position[name] : position[name] + 1]
                for value in given:
                    yield from words(value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == "code":
                    yield from words(node.value)
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    for element, value in pairs:
                        if isinstance(element, ast.Name) and element.id == "code":
                            yield from words(value)


def words(node: ast.expr) -> Iterator[str]:
    """Yield the constants that an expression may be; a name is looked at where it is assigned."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from words(node.body)
        yield from words(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        raise TypeError(f"{ast.unparse(node)}: write codes out, so that they can be found")


ON_THE_ROAD = (
    "tpm",
    "truncated_gzip",
    "unknown_key",
    "a_sample_without_counts",
    "sheet_of_another_dataset",
    "alias_for_no_term",
)


def test_datasets_that_are_refused_do_not_even_wake_the_endpoint(
    hosted: Hosted, tmp_path: Path
) -> None:
    for name in ON_THE_ROAD:
        CASES[name].build(tmp_path / "data" / "bulk" / name)
    settings = Settings(str(tmp_path / "data"), str(tmp_path / "results"), "hosted")
    outcomes = list(run_datasets(settings, on_start=lambda _: None))
    assert [outcome.name for outcome in outcomes] == sorted(ON_THE_ROAD)
    for outcome in outcomes:
        (sentence,) = outcome.failures
        assert "broke" not in sentence
        assert outcome.report is None
    assert hosted.server.requests == []
