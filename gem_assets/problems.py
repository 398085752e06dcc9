"""What can be wrong with an input, in words that a user can act on.

Every room that reads something of the user's (counts, genes, sample sheets, dataset folders)
speaks of its faults in this one form, so that the terminal, a Dagster check and the report can
show them alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: an error refuses the input, a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing that is wrong with an input.

    Attributes
    ----------
    code
        Stable snake_case word for machines, e.g. ``tpm_like``.
    severity
        ``error`` refuses the input, ``warning`` lets it pass.
    sentence
        What was found, where (file, row, sample, gene), and what was expected.
    action
        What to do about it.
    where
        The offenders (samples, genes, rows...), shown as a table; may be cut to the first 100.
    """

    code: str
    severity: Severity
    sentence: str
    action: str
    where: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.sentence} {self.action}".strip()


class RefusedInputError(ValueError):
    """An input of the user's that can't be used; its message is the sentences of its errors.

    Parameters
    ----------
    problems
        At least one problem; those of severity ``warning`` are carried along.
    """

    def __init__(self, *problems: InputProblem) -> None:
        if not problems:
            raise TypeError("RefusedInputError needs at least one InputProblem")
        self.problems = problems
        errors = [p for p in problems if p.severity is Severity.ERROR] or list(problems)
        super().__init__("\n".join(str(p) for p in errors))


def refuse(code: str, sentence: str, action: str, where: tuple[str, ...] = ()) -> RefusedInputError:
    """Return (for ``raise``) the refusal of an input for a single reason."""
    return RefusedInputError(InputProblem(code, Severity.ERROR, sentence, action, where))
