"""How much a dataset says that a problem matters: ``severity:`` in its ``dataset.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from gem_assets.problem_codes import CODES, ProblemCode
from gem_assets.problems import InputProblem, RefusedInputError, Severity, refuse

IGNORE = "ignore"
"""What a dataset says of a warning that shall not be told."""


def check_severities(stated: Mapping[str, str], source: str = "dataset.yaml") -> None:
    """Hold what a dataset says of severities to what it may say.

    Parameters
    ----------
    stated
        Code to ``error``, ``warning`` or ``ignore``.
    source
        Where it says so, for the message.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If a code is unknown (the nearest is suggested), a word is none of the three
        (``unknown_severity`` both), or the change is not allowed (``fixed_severity``): errors that
        are facts stay errors, and those that are judgements become warnings at the least.
    """
    for name, word in stated.items():
        code = CODES.get(name)
        if code is None:
            raise _unknown_code(name, source)
        if word not in (*Severity, IGNORE):
            raise refuse(
                "unknown_severity",
                f"{source} gives {name} the severity {word!r}; it must be error, warning or "
                "ignore.",
                _may_be(code),
                (name,),
            )
        if word != code.severity and not _allowed(code, word):
            raise refuse(
                "fixed_severity",
                f"{source} lowers {name} to {word!r}, but it must stay "
                f"{'a warning at least' if code.changeable else 'an error'}.",
                f"Leave it out. {_may_be(code)}" if code.changeable else "Correct the input.",
                (name,),
            )


def apply_severities(
    problems: Iterable[InputProblem], stated: Mapping[str, str], source: str = "dataset.yaml"
) -> tuple[InputProblem, ...]:
    """Return the problems with the severities that a dataset gives them; errors come first.

    Parameters
    ----------
    problems
        As they were found.
    stated, source
        As of `check_severities`.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `check_severities` does.
    """
    check_severities(stated, source)
    changed = (
        replace(problem, severity=Severity(stated.get(problem.code, problem.severity)))
        for problem in problems
        if stated.get(problem.code) != IGNORE
    )
    return tuple(sorted(changed, key=lambda problem: problem.severity is not Severity.ERROR))


def accept(
    problems: Iterable[InputProblem], stated: Mapping[str, str] | None = None
) -> tuple[InputProblem, ...]:
    """Return the problems as `apply_severities` does, if none of them is an error.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        With all problems, if one is an error.
    """
    told = apply_severities(problems, stated or {})
    if told and told[0].severity is Severity.ERROR:
        raise RefusedInputError(*told)
    return told


def _allowed(code: ProblemCode, word: str) -> bool:
    return code.changeable and not (code.severity is Severity.ERROR and word == IGNORE)


def _may_be(code: ProblemCode) -> str:
    words = [word for word in (*Severity, IGNORE) if _allowed(code, word)]
    return f"{code.name} may be {' or '.join(words) if words else 'error only'}."


def _unknown_code(name: str, source: str) -> RefusedInputError:
    near = get_close_matches(name, CODES, 1, 0.5)
    return refuse(
        "unknown_severity",
        f"{source} gives a severity to {name!r}, but no problem has this code.",
        f"Did you mean {near[0]!r}?" if near else "The codes are listed in docs/problems.md.",
        (name,),
    )
