"""Queries to GEM-2 by its canonical id: which operation, which modality, and the samples as items.

As the vendor's client and its examples show them (pysynthbio 4.2.4): ``operation`` and ``inputs``
with ``modality`` and ``items``, and the seed among the ``options``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from gem_assets.endpoint.wire import decode_as

OPERATION = "predict-metadata"


class _Inputs(Struct):
    modality: str
    items: Raw


class _Envelope(Struct):
    inputs: _Inputs | list[object]
    operation: str | None = None


def as_canonical(body: bytes, modality: str) -> bytes:
    """Return a query that lists its inputs as one to the canonical id.

    Parameters
    ----------
    body
        JSON with the keys ``inputs`` (a list), perhaps ``seed``, and others, which are kept.
    modality
        GEM-2's word for the modality: ``bulk`` or ``single-cell``.
    """
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    items, seed = fields.pop("inputs"), fields.pop("seed", None)
    query: dict[str, object] = {
        "operation": OPERATION,
        "inputs": {"modality": modality, "items": items},
    }
    if seed is not None:
        query["options"] = {"seed": seed}
    return msgspec.json.encode(query | fields)


def as_listed(body: bytes, modality: str) -> bytes | None:
    """Return an example of the canonical id as a query that lists its inputs.

    Parameters
    ----------
    body
        JSON ``{"example_query": {...}}``, or the query by itself.
    modality
        The modality that is wanted.

    Returns
    -------
    bytes or None
        None if the example is of another operation or modality: there is one for all.

    Raises
    ------
    BadAnswer
        If it is no query.
    """
    what = "the example query"
    text = bytes(decode_as(body, dict[str, Raw], what).get("example_query", body))
    example = decode_as(text, _Envelope, what)
    if not isinstance(example.inputs, _Inputs):
        return text
    if example.operation not in (None, OPERATION) or example.inputs.modality != modality:
        return None
    return msgspec.json.encode({"inputs": example.inputs.items, "seed": 42})
