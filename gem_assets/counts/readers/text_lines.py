"""Lines of a text file: how long they may be, how they end, and their encoding."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from gem_assets.problems import RefusedInputError, refuse

LONGEST_LINE = 64 << 20
"""Bytes of the longest line that is read, ten million cells; only damaged files have longer."""


def decode(line: bytes, number: int) -> str:
    """Decode a line (``number`` counts from 1), without a byte-order mark.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If it is not UTF-8 (``not_utf8``).
    """
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(f"line {number} holds the byte 0x{line[error.start]:02x}") from error


def not_utf8(evidence: str) -> RefusedInputError:
    """Return the refusal of another encoding."""
    return refuse(
        "not_utf8",
        f"the text is not encoded as UTF-8 ({evidence}).",
        "Save the file again as UTF-8 text, for example with iconv -t UTF-8.",
    )


def read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number, from 1; without end, a line would fill the memory.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``long_line``.
    """
    for number in count(1):
        line = file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise refuse(
                "long_line",
                f"line {number} is longer than {LONGEST_LINE >> 20} MB.",
                "Check that this is a table of counts; a damaged file may lack its line ends.",
            )
        if not line:
            return
        yield number, line


def refuse_carriage_returns(line: bytes, number: int) -> None:
    """Refuse a line that holds carriage returns elsewhere than at its end.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        ``line_breaks``.
    """
    if b"\r" in line.rstrip(b"\r\n"):
        raise refuse(
            "line_breaks",
            f"line {number} holds carriage returns, as files with the line ends of old "
            "Macintosh programs do.",
            "Save the file with Unix line ends, for example with mac2unix.",
        )
