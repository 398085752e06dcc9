"""What the folder sensor does in one tick: look at the datasets, and say what is to be done.

A tick waits for nothing. What it has to know of the ones before is in the sensor's cursor, some
thirty characters a dataset: which stamp its files had, and what was requested for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from gem_assets.cursor import Cursor
from gem_assets.problems import RefusedInputError

if TYPE_CHECKING:
    from gem_assets.datasets.stamps import Stamp

MOST_GONE = 100
"""Removed datasets that one tick reports; the next one goes on."""


class Memory(Cursor, frozen=True, kw_only=True, omit_defaults=True):
    """What one tick leaves for the next.

    Attributes
    ----------
    requested
        For each dataset, the stamp of its files when its refresh was requested last.
    told
        For each dataset, the stamp of its files when it was only told that they have changed, or
        were there; and nothing was requested.
    changing
        For each dataset whose files were otherwise at the last tick than before, their stamp.
    again
        How often a dataset was requested after the first time.
    gone
        Registered datasets whose folder is not there, and of which that was told.
    left_off
        The dataset to look at first, where a tick had no time for all.
    """

    requested: dict[str, str] = msgspec.field(default_factory=dict)
    told: dict[str, str] = msgspec.field(default_factory=dict)
    changing: dict[str, str] = msgspec.field(default_factory=dict)
    again: dict[str, int] = msgspec.field(default_factory=dict)
    gone: tuple[str, ...] = ()
    left_off: str = ""


@dataclass(frozen=True, slots=True)
class Looks:
    """What a tick saw of the datasets.

    Attributes
    ----------
    stamps
        Of each dataset that was looked at.
    problems
        A sentence for each that can't be looked at.
    left_off
        The first that there was no time for; empty if there was for all.
    """

    stamps: dict[str, Stamp]
    problems: tuple[str, ...]
    left_off: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a tick.

    Attributes
    ----------
    memory
        For the next tick.
    refresh
        For each dataset to be refreshed, the key of its run.
    changed
        Datasets whose files have changed, where refreshes are not to be requested.
    gone
        Datasets whose folder is not there any more; each is told once.
    """

    memory: Memory
    refresh: dict[str, str]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def look_at(
    names: Sequence[str],
    stamp: Callable[[str], Stamp],
    start: str,
    is_time_up: Callable[[], bool],
) -> Looks:
    """Take the stamp of each dataset, until the time is up.

    Parameters
    ----------
    names
        The datasets, in a fixed order.
    stamp
        Looks at the files of one.
    start
        Where to begin, so that another tick goes on where this one has to stop.
    is_time_up
        Asked before each dataset but the first.
    """
    first = names.index(start) if start in names else 0
    stamps: dict[str, Stamp] = {}
    problems: list[str] = []
    for place, name in enumerate((*names[first:], *names[:first])):
        if place and is_time_up():
            return Looks(stamps, tuple(problems), name)
        try:
            stamps[name] = stamp(name)
        except RefusedInputError as refusal:
            problems.append(f"{name}: {refusal}")
        except OSError as error:
            problems.append(f"{name} can't be looked at: {error.strerror or type(error).__name__}.")
    return Looks(stamps, tuple(problems))


def tick(
    memory: Memory,
    looks: Looks,
    present: Collection[str],
    registered: Iterable[str],
    *,
    auto_run: bool,
) -> Found:
    """Return what is to be done about datasets whose files have changed, or whose folder is gone.

    Files count as they are when two ticks in a row have seen the same stamp. A dataset without
    counts waits for them. What was requested for a stamp is not requested for it again, unless
    there was another stamp in between.

    Parameters
    ----------
    memory
        What the last tick left.
    looks
        What this one saw.
    present
        All datasets whose folders are there.
    registered
        Datasets that are partitions.
    auto_run
        Whether to request refreshes.
    """
    requested, told, again = dict(memory.requested), dict(memory.told), dict(memory.again)
    changing = dict(memory.changing)
    refresh: dict[str, str] = {}
    changed: list[str] = []
    for name, seen in looks.stamps.items():
        known = seen.word == requested.get(name) or (not auto_run and seen.word == told.get(name))
        before = changing.pop(name, None)
        if known or not seen.has_counts:
            continue
        if before != seen.word:
            changing[name] = seen.word
        elif auto_run:
            again |= {name: again.get(name, 0) + 1} if name in requested else {}
            refresh[name] = ":".join((name, seen.word, *map(str, filter(None, [again.get(name)]))))
            requested[name] = seen.word
            told.pop(name, None)
        else:
            if name in requested or name in told:
                changed.append(name)
            told[name] = seen.word
    registered = set(registered)
    absent = sorted(registered.difference(present))
    gone = [name for name in absent if name not in memory.gone][:MOST_GONE]
    alive = registered.union(present)
    return Found(
        Memory(
            requested=_of(requested, alive),
            told=_of(told, alive),
            changing=_of(changing, set(present)),
            again={name: n for name, n in again.items() if name in alive},
            gone=tuple(name for name in absent if name in memory.gone or name in gone),
            left_off=looks.left_off,
        ),
        refresh,
        tuple(changed),
        tuple(gone),
    )


def _of(stamps: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return the stamps of datasets that there still are."""
    return {name: stamp for name, stamp in stamps.items() if name in names}
