"""What can keep a run from having all its predictions.

Failures of the endpoint itself (unreachable, unauthorized, ...) are the endpoint room's and pass
through. Whatever is raised, every answer that came in before it is in the store.
"""

from __future__ import annotations

from pathlib import Path


class PredictionsError(Exception):
    """Base of the errors of this room; its message says what to do."""


class LedgerRefusedError(PredictionsError):
    """A ledger that can't be used as it is."""


class UnreadableFileError(PredictionsError):
    """A file of the store that is absent or not what was written.

    Attributes
    ----------
    path
        The file.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        super().__init__(f"The file of answers {path} {what}.")


class TooManyNewSamplesError(PredictionsError):
    """More samples would be sent than one run may send; nothing was sent.

    Attributes
    ----------
    new
        Number of different samples that have no answer yet.
    allowed
        ``max_new_samples_per_run``.
    """

    def __init__(self, new: int, allowed: int, host: str) -> None:
        self.new = new
        self.allowed = allowed
        super().__init__(
            f"{new} samples have no prediction yet and would be sent to {host}, but a run may send "
            f"{allowed} at most (max_new_samples_per_run). Nothing was sent. If this is what you "
            f"want, set max_new_samples_per_run to {new} or more."
        )


class ModelVersionChangedError(PredictionsError):
    """The endpoint answered with another model version than was observed before.

    The answers are kept under the version that gave them; a retry that observes the endpoint anew
    finds them there, and asks only what is missing.

    Attributes
    ----------
    expected, found
        The two versions.
    """

    def __init__(self, model_id: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            f"{model_id} was observed in version {expected!r} but answered in version {found!r}. "
            "The answers are kept; run again (gene order, alignment, predictions) so that all "
            "samples have predictions of one version."
        )


class GeneOrderChangedError(PredictionsError):
    """The endpoint answered for another gene order than the one the counts were sent in.

    Such answers are of no use, and aren't kept.

    Attributes
    ----------
    expected, found
        Hashes of the two gene orders.
    """

    def __init__(self, model_id: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            f"{model_id} now takes its genes in another order: the counts were sent in gene order "
            f"{expected}, the answer states {found}. Its predictions were dropped; refresh the "
            "gene order and the alignment, then predict again."
        )
