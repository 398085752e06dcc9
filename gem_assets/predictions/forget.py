"""Forgetting answers: out of the store's files, and out of the ledger's index."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.lookup import refresh_index
from gem_assets.predictions.store import Store


@dataclass(frozen=True, slots=True)
class ForgettableAnswers:
    """Answers to some samples, by the file that holds them.

    Attributes
    ----------
    keys
        Content keys to be forgotten of each file.
    """

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """Number of answers."""
        return sum(map(len, self.keys.values()))


def find_answers(
    counts_hashes: AbstractSet[str], ledger: Ledger, store: Store
) -> ForgettableAnswers:
    """Return the answers to samples with these counts, of whichever model version."""
    refresh_index(ledger, store)
    wanted = pa.array(sorted(counts_hashes), pa.string())
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(ledger.files()):
        for rows in store.read(dict.fromkeys(store.keys(name), name), ["counts_hash"]):
            of_them = rows.filter(pc.is_in(rows.column("counts_hash"), value_set=wanted))
            if of_them.num_rows:
                # A file is read in several batches.
                keys = of_them.column("content_key").to_pylist()
                found[name] = (*found.get(name, ()), *keys)
    return ForgettableAnswers(found)


def forget_answers(found: ForgettableAnswers, ledger: Ledger, store: Store) -> None:
    """Forget answers for good; asking for them again is asking anew.

    A file that holds others' answers too is written without these, under another name, before it
    is removed: whoever is killed in between may repeat it. What was sent and paid stays in the
    ledger's record of queries, which holds hashes and no counts.
    """
    for name, keys in found.keys.items():
        kept = [key for key in store.keys(name) if key not in set(keys)]
        for rows in store.read(dict.fromkeys(kept, name)):
            ledger.record_answers(store.write(rows), rows.column("content_key").to_pylist())
        store.remove(name)
        ledger.forget_files([name])
