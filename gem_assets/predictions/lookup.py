"""Which questions have an answer already: the ledger's index, held against the store's files."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gem_assets.predictions.errors import UnreadableFileError
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.store import Store

logger = logging.getLogger(__name__)


def refresh_index(ledger: Ledger, store: Store) -> None:
    """Make the ledger's index agree with the files that are in the store.

    Files that another ledger knew, or that were written just before a run died, are taken in;
    files that somebody removed are dropped. A damaged file is moved aside with a warning.
    """
    indexed, present = ledger.files(), store.names()
    ledger.forget_files(indexed - present)
    for name in sorted(present - indexed):
        try:
            keys = store.keys(name)
        except UnreadableFileError as error:
            _warn(error)
        else:
            ledger.record_answers(name, keys)


def locate(ledger: Ledger, store: Store, keys: Iterable[str]) -> dict[str, str]:
    """Return the file of each of ``keys`` that has a readable answer.

    A file that is gone or damaged is dropped from the index, with a warning that names it; what
    it answered counts as never asked.
    """
    files = ledger.files_of(keys)
    unreadable: set[str] = set()
    for name in dict.fromkeys(files.values()):
        try:
            store.verify(name)
        except UnreadableFileError as error:
            _warn(error)
            unreadable.add(name)
    ledger.forget_files(unreadable)
    return {key: name for key, name in files.items() if name not in unreadable}


def _warn(error: UnreadableFileError) -> None:
    logger.warning("%s Its samples will be asked for anew.", error)
