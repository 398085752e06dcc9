"""What people are told: a title, a few lines, and where to read more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_SINGLE = 5
"""Messages of one tick that are sent one by one; of more than these, one is made."""

MOST_COMBINED = 10
"""Messages that a combined one names."""

LONGEST_NAME = 100
"""Characters of a dataset's, sample's or step's name that are shown."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell, as plain text in which no name is trusted to be harmless.

    Attributes
    ----------
    title
        One line, with the dataset.
    lines
        What there is to say, a sentence a line.
    note
        What no reader may miss, e.g. that no real model predicted; empty for none.
    report_url
        Address of the report, from the configuration; empty where reports are not served.
    """

    title: str
    lines: tuple[str, ...] = ()
    note: str = ""
    report_url: str = ""

    def text(self) -> str:
        """Return the whole message, a line each; the note is where no cut reaches it."""
        report = f"Report: {self.report_url}" if self.report_url else ""
        return "\n".join(filter(None, (self.title, self.note, *self.lines, report)))


def combine(messages: Sequence[Message], what: str) -> Message:
    """Return one message in place of many: how many they are, and the titles of the first.

    Parameters
    ----------
    messages
        At least one.
    what
        What they are about, e.g. ``datasets have samples to look at``.
    """
    if len(messages) == 1:
        return messages[0]
    lines = [f"• {message.title}" for message in messages[:MOST_COMBINED]]
    if (left := len(messages) - MOST_COMBINED) > 0:
        lines.append(f"and {left} more.")
    note = next((message.note for message in messages if message.note), "")
    return Message(f"{len(messages)} {what}.", tuple(lines), note)


def shown_name(name: str) -> str:
    """Return a name in one line, without control characters and not too long."""
    from gem_assets.endpoint.redaction import quote

    plain = quote(name)
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"
