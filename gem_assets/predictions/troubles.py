"""Queries that came to nothing while the endpoint goes on: one of them must not end a run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from gem_assets.endpoint.errors import EndpointError, QueryRejected
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.query_records import RecordedQuery
from gem_assets.predictions.standing import Standing

logger = logging.getLogger("gem_assets.predictions")

TROUBLES_IN_A_ROW = 5
"""After so many queries that came to nothing, with no answer in between, it isn't the query: the
run ends before it pays for more of them."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    keys: Sequence[str]
    error: EndpointError
    lost: RecordedQuery | None


@dataclass(slots=True)
class Troubles:
    """What came to nothing in a run so far.

    It becomes failures of samples only when the run ends well. A run that raises has told nobody
    of its failures, so the one that follows must find their queries as they were, and not take
    them for reported and ask anew.
    """

    _met: list[_Trouble] = field(default_factory=list)
    _in_a_row: int = 0

    @property
    def keys(self) -> set[str]:
        """Content keys that came to nothing."""
        return {key for trouble in self._met for key in trouble.keys}

    def meet(
        self, keys: Sequence[str], error: EndpointError, lost: RecordedQuery | None = None
    ) -> None:
        """Note that ``keys`` get no answer now.

        Parameters
        ----------
        keys
            The content keys.
        error
            Why.
        lost
            Their query, if it has no answer and never will. Otherwise it stays open, and the next
            run fetches its answer.

        Raises
        ------
        EndpointError
            ``error``, if this happened too often in a row.
        """
        self._met.append(_Trouble(keys, error, lost))
        self._in_a_row += 1
        if self._in_a_row >= TROUBLES_IN_A_ROW:
            raise error

    def over(self) -> None:
        """Note an answer."""
        self._in_a_row = 0

    def settle(self, standing: Standing, ledger: Ledger) -> None:
        """Report what came to nothing, sample by sample; or raise it, if nothing else came.

        Raises
        ------
        EndpointError
            If no query was answered, and asking again later may help.
        """
        met, self._met = self._met, []
        if met and not standing.answered:
            hopeful = [m.error for m in met if m.error.retryable or _explains_nothing(m.error)]
            if hopeful:
                for other in hopeful[1:]:
                    logger.warning("Another query of this run ended so: %s", other)
                raise hopeful[0]
        for trouble in met:
            logger.warning("%d samples have no answer: %s", len(trouble.keys), trouble.error)
            if trouble.lost is not None:
                ledger.fail_query(trouble.lost, str(trouble.error))
            standing.fail(dict.fromkeys(trouble.keys, str(trouble.error)))


def _explains_nothing(error: EndpointError) -> bool:
    # A refusal that names no sample, when nothing else was accepted: the query itself is wrong.
    return isinstance(error, QueryRejected)
