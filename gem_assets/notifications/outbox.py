"""What waits to be told, to whom, until it is taken; and what each was told last.

Nothing is lost when a notifier is down, and nothing is told twice to the one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from gem_assets.cursor import Cursor
from gem_assets.notifications.errors import NotificationError
from gem_assets.notifications.message import MOST_SINGLE, Message, combine
from gem_assets.notifications.notifier import Notifier


class Outbox(Cursor, frozen=True, kw_only=True, omit_defaults=True):
    """What one tick leaves for the next: a sensor's cursor.

    Attributes
    ----------
    seen
        Storage id of the last event that was looked at; None before the first tick.
    waiting
        For each notifier, the names (datasets, runs) that it has still to be told of.
    told
        For each notifier, the state of each name that it was told last; names without a state, or
        whose state is empty, are left out.
    """

    seen: int | None = None
    waiting: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    told: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)

    def waits(self) -> int:
        """Return how many names wait, for the notifier of whom most do."""
        return max(map(len, self.waiting.values()), default=0)


@dataclass(frozen=True, slots=True)
class Item:
    """What there is to tell of a name.

    Attributes
    ----------
    message
        None where there is nothing to tell.
    state
        The message is only told where this differs from what was told last. None: always, once.
    """

    message: Message | None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a tick.

    Attributes
    ----------
    outbox
        For the next tick.
    sent
        The messages that were taken, in order.
    problems
        A sentence for each notifier that did not take one.
    """

    outbox: Outbox
    sent: tuple[Message, ...]
    problems: tuple[str, ...]


def deliver(
    outbox: Outbox,
    new: Iterable[str],
    look: Callable[[str], Item | None],
    notifiers: Sequence[Notifier],
    *,
    what: str,
    is_time_up: Callable[[], bool] = lambda: False,
) -> Delivered:
    """Tell each notifier of what is new, and of what it has not taken yet.

    Parameters
    ----------
    outbox
        What the last tick left.
    new
        Names of which something may have to be told.
    look
        Returns what there is to tell of a name now; None if it can't be known at present, or there
        is no time left to look, so that the name waits. It is asked once a name.
    notifiers
        Who is told, each for itself.
    what
        What many messages together are about; see :func:`gem_assets.notifications.combine`.
    is_time_up
        Asked before each message: what there is no time for waits.
    """
    new = tuple(new)
    looked: dict[str, Item | None] = {}
    waiting: dict[str, tuple[str, ...]] = {}
    told: dict[str, dict[str, str]] = {}
    sent: list[Message] = []
    problems: list[str] = []
    for notifier in notifiers:
        names = tuple(dict.fromkeys((*outbox.waiting.get(notifier.name, ()), *new)))
        known = dict(outbox.told.get(notifier.name, {}))
        left: list[str] = []
        items: list[tuple[str, Item]] = []
        for name in names:
            if name not in looked:
                looked[name] = look(name)
            item = looked[name]
            if item is None:
                left.append(name)
            elif item.message is None:
                known.pop(name, None)
            elif item.state is None or item.state != known.get(name):
                items.append((name, item))
        trouble = None
        for batch, message in _batches(items, what):
            if not trouble:
                trouble = _LATE if is_time_up() else _carry(notifier, message)
            if trouble:
                left += (name for name, _ in batch)
                continue
            sent.append(message)
            known |= {name: item.state for name, item in batch if item.state is not None}
        if trouble:
            problems.append(trouble)
        if left:
            waiting[notifier.name] = tuple(left)
        if known:
            told[notifier.name] = known
    return Delivered(
        Outbox(seen=outbox.seen, waiting=waiting, told=told), tuple(sent), tuple(problems)
    )


_LATE = "There was no time left to tell all; the rest is told at the next tick."


def _batches(
    items: Sequence[tuple[str, Item]], what: str
) -> Iterator[tuple[Sequence[tuple[str, Item]], Message]]:
    """Yield what is told together: a few messages one by one, many as one."""
    messages = [item.message for _, item in items if item.message is not None]
    if len(items) > MOST_SINGLE:
        yield items, combine(messages, what)
    else:
        for item, message in zip(items, messages, strict=True):
            yield [item], message


def _carry(notifier: Notifier, message: Message) -> str | None:
    """Return why a message was not taken, None if it was."""
    try:
        notifier.notify(message)
    except NotificationError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - it is the user's code, and must not stop the others
        # Its text may hold an address with a secret in it.
        return f"The notifier {notifier.name} failed with {type(error).__name__}."
    return None
