"""A message as an incoming webhook of Slack's takes it (Mattermost, Rocket.Chat... take it too)."""

from __future__ import annotations

from dataclasses import replace

from gem_assets.notifications.message import Message

LONGEST_TEXT = 4_000
"""Characters of a text that Slack recommends at most (chat.postMessage, "Truncating content")."""

_CUT = "\n… (cut)"

_CONTROL = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""The control characters of Slack's text: without them there is no <!channel>, no <@user> and no
link under another name."""

_IN_LINKS = str.maketrans({**_CONTROL, "|": "%7C"})

_ESCAPES = str.maketrans(
    {
        **_CONTROL,
        # Others that take the same payload call everybody at a plain @channel, @here or @all.
        "@": "@\N{ZERO WIDTH SPACE}",
    }
)


def slack_payload(message: Message) -> dict[str, object]:
    """Return the JSON body that posts a message, in which names of samples do nothing.

    The report's address is the one link in it.
    """
    text = escaped(replace(message, report_url="").text())
    if message.report_url:
        text += f"\nReport: <{message.report_url.translate(_IN_LINKS)}>"
    return {
        "text": text,
        # Underscores of sample names are no italics, and nothing is fetched from links.
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escaped(text: str) -> str:
    """Return a text that Slack shows as it is, cut to `LONGEST_TEXT` characters."""
    pieces = [piece.translate(_ESCAPES) for piece in text]
    if sum(map(len, pieces)) <= LONGEST_TEXT:
        return "".join(pieces)
    kept, room = [], LONGEST_TEXT - len(_CUT)
    for piece in pieces:  # never within an escape
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + _CUT
