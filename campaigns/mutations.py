"""What happens to a file on its way from the lab: each mutation changes some bytes of it."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from campaigns.fuzz_files import FuzzFile

Mutation = Callable[[bytes, FuzzFile, np.random.Generator], bytes]

TOKENS = (
    "", "NA", "nan", "-1", "inf", "1e999", "1e3", "12.5", "0x1F", "1_000", "1,234", "1.234.567",
    " 5", "5 ", "'5", '"5"', "TRUE", "#REF!", "-", "\uff15", "5\u00a0", "ENSG00000000003", "+7",
    ".5", "5.", "1d3", "12 345", "\u2212" + "4",
)  # fmt: skip
"""Cells that spreadsheets, R and hands make of a number."""

SAFE: dict[str, Mutation] = {
    "byte-order mark": lambda b, _, __: b"\xef\xbb\xbf" + b,
    "CRLF": lambda b, _, __: b.replace(b"\n", b"\r\n"),
    "no last line end": lambda b, _, __: b.rstrip(b"\n"),
    "empty last line": lambda b, _, __: b + b"\n",
    "gzip": lambda b, _, __: gzip.compress(b, 1, mtime=0),
    "bz2": lambda b, _, __: bz2.compress(b, 1),
    "zst": lambda b, _, __: pa.compress(b, codec="zstd", asbytes=True),
}
"""They change nothing that the file says."""


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join(lines)


def _place(rng: np.random.Generator, n: int) -> int:
    return int(rng.integers(max(n, 1)))


def flip_bytes(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Overwrite one to three bytes."""
    changed = bytearray(content)
    for _i in range(int(rng.integers(1, 4))):
        changed[_place(rng, len(changed))] = int(rng.integers(256))
    return bytes(changed)


def flip_bits(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Turn one bit over."""
    changed = bytearray(content)
    changed[_place(rng, len(changed))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def drop_bytes(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Leave some bytes out."""
    start = _place(rng, len(content))
    return content[:start] + content[start + int(rng.integers(1, 40)) :]


def repeat_bytes(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Write some bytes twice."""
    start = _place(rng, len(content))
    end = start + int(rng.integers(1, 60))
    return content[:end] + content[start:end] + content[end:]


def cut_off(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Break off anywhere."""
    return content[: _place(rng, len(content))]


def drop_row(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Leave a line out."""
    lines = _lines(content)
    del lines[_place(rng, len(lines))]
    return _joined(lines)


def repeat_row(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Write a line twice."""
    lines = _lines(content)
    place = _place(rng, len(lines))
    lines.insert(place, lines[place])
    return _joined(lines)


def swap_rows(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Swap two rows of counts."""
    lines = _lines(content)
    a, b = rng.integers(file.head, len(lines) - 1, 2)
    lines[a], lines[b] = lines[b], lines[a]
    return _joined(lines)


def swap_columns(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Swap the last two columns, header and all."""
    del rng
    delimiter = file.delimiter.encode()
    lines = _lines(content)
    for i, line in enumerate(lines):
        parts = line.split(delimiter)
        if len(parts) > 3:
            parts[-1], parts[-2] = parts[-2], parts[-1]
            lines[i] = delimiter.join(parts)
    return _joined(lines)


def replace_cell(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Write something else into a cell."""
    delimiter = file.delimiter.encode()
    lines = _lines(content)
    place = _place(rng, len(lines) - 1)
    parts = lines[place].split(delimiter)
    parts[_place(rng, len(parts))] = TOKENS[_place(rng, len(TOKENS))].encode()
    lines[place] = delimiter.join(parts)
    return _joined(lines)


def drop_cell(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Leave a cell out, so that the row is shorter."""
    delimiter = file.delimiter.encode()
    lines = _lines(content)
    place = _place(rng, len(lines) - 1)
    parts = lines[place].split(delimiter)
    del parts[_place(rng, len(parts))]
    lines[place] = delimiter.join(parts)
    return _joined(lines)


def merge_header(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Empty some cells of the header, as merged cells are saved."""
    delimiter = file.delimiter.encode()
    lines = _lines(content)
    place = max(file.head - 1, 0)
    parts = lines[place].split(delimiter)
    for i in range(1 + _place(rng, len(parts) - 1), len(parts)):
        parts[i] = b"" if rng.random() < 0.6 else parts[i]
    lines[place] = delimiter.join(parts)
    return _joined(lines)


def second_header(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Put a line of merged cells above the header."""
    del rng
    width = _lines(content)[max(file.head - 1, 0)].count(file.delimiter.encode())
    return b"treated" + file.delimiter.encode() * width + b"\n" + content


def repeat_name(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Give two samples one name."""
    del rng, file
    return content.replace(b"S2", b"S3", 1)


def thousands(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Write numbers of four digits and more with separators."""
    mark = (",", ".", " ", "'")[_place(rng, 4)]
    lines = _lines(content)
    for i in range(file.head, len(lines)):
        parts = lines[i].decode().split(file.delimiter)
        shown = [f"{int(p):,}".replace(",", mark) if p.isdigit() else p for p in parts[1:]]
        lines[i] = file.delimiter.join([parts[0], *shown]).encode()
    return _joined(lines)


def other_encoding(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Save the text in another encoding, with an umlaut in it."""
    text = content.decode().replace("S2", "S\u00fc2", 1)
    return text.encode(("utf-16", "utf-16-le", "latin-1", "utf-8", "utf-32")[_place(rng, 5)])


def other_line_ends(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Mix the line ends, or use those of old Macintosh programs."""
    if rng.random() < 0.3:
        return content.replace(b"\n", b"\r")
    parts = _lines(content)
    ends = [b"\r\n" if rng.random() < 0.5 else b"\n" for _i in parts]
    return b"".join(part + end for part, end in zip(parts, ends, strict=True))


def truncated_compression(content: bytes, _: FuzzFile, rng: np.random.Generator) -> bytes:
    """Compress, and break off or damage."""
    pack = (SAFE["gzip"], SAFE["bz2"], SAFE["zst"])[_place(rng, 3)]
    packed = bytearray(pack(content, _, rng))
    if rng.random() < 0.5:
        return bytes(packed[: _place(rng, len(packed))])
    packed[_place(rng, len(packed))] ^= 1 << int(rng.integers(8))
    return bytes(packed)


def quote_cells(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Put quotation marks around the cells, as R does; or around some."""
    share = 1.0 if rng.random() < 0.5 else 0.2
    delimiter = file.delimiter
    lines = content.decode().split("\n")
    for i in range(max(file.head - 1, 0), len(lines) - 1):
        parts = [f'"{p}"' if rng.random() < share else p for p in lines[i].split(delimiter)]
        lines[i] = delimiter.join(parts)
    return "\n".join(lines).encode()


def other_delimiter(content: bytes, file: FuzzFile, rng: np.random.Generator) -> bytes:
    """Use another delimiter in some lines."""
    lines = _lines(content)
    for i in range(len(lines)):
        if rng.random() < 0.1:
            lines[i] = lines[i].replace(file.delimiter.encode(), b" ")
    return _joined(lines)


HARMFUL: dict[str, Mutation] = {
    function.__name__.replace("_", " "): function
    for function in (
        flip_bytes, flip_bits, drop_bytes, repeat_bytes, cut_off, drop_row, repeat_row, swap_rows,
        swap_columns, replace_cell, drop_cell, merge_header, second_header, repeat_name, thousands,
        other_encoding, other_line_ends, truncated_compression, quote_cells, other_delimiter,
    )
}  # fmt: skip
"""They may change what the file says, or leave nothing that can be read."""
