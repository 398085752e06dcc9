"""What is sent: the JSON of a query, from counts or from the endpoint's own example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import orjson
from msgspec import Raw, Struct
from scipy import sparse

from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL, decode_as

SOURCE = "gem-assets"
"""What our queries name as their source (the vendor's client says ``pysynthbio``)."""

ROWS_AT_A_TIME = 8
"""Rows written at a time, each filled up with its zeros: 1.4 MB."""

JsonValue = str | float | int | bool | None
"""A value of a request's parameters."""


@dataclass(frozen=True, slots=True)
class ExampleQuery:
    """The query that a model shows as its example; it holds no user's data.

    Attributes
    ----------
    body
        JSON of the query, ready to be submitted.
    samples
        Number of its inputs.
    n_genes
        Length of its counts: the length that the model expects.
    """

    body: bytes
    samples: int
    n_genes: int


class _Input(Struct):
    counts: list[float]


class _Query(Struct):
    inputs: list[_Input]


def encode_query(
    counts: sparse.csr_array, seed: int, parameters: Mapping[str, JsonValue] | None = None
) -> bytes:
    """Return the JSON body of a query.

    Parameters
    ----------
    counts
        samples x model genes, whole non-negative numbers, in the model's gene order.
    seed
        Seed of the model's sampling.
    parameters
        Further top-level keys, e.g. ``{"deterministic_latents": True}``.

    Returns
    -------
    bytes
        About 2.8 bytes a gene for bulk counts and 2 for single cells. It is whole, not a stream:
        a chunk is bounded, its length can be stated, and it can be sent a second time.

    Raises
    ------
    ValueError
        If there are no samples, if a count is negative or no whole number, or if a parameter
        takes the name of one of the protocol's own keys.
    """
    if counts.shape[0] == 0:
        raise ValueError("a query needs at least one sample")
    values = counts.data
    if not (values >= 0).all() or not np.isfinite(values).all() or (values % 1 != 0).any():
        raise ValueError("counts must be whole numbers, 0 or more; align and round them before")
    taken = {"inputs", "seed", "source"}.intersection(parameters or {})
    if taken:
        raise ValueError(f"{', '.join(sorted(taken))} can't be given as a parameter of a query")
    whole = counts if counts.dtype.kind in "iu" else counts.astype(np.int64)
    pieces = [piece for rows in _inputs(whole) for piece in (b",", rows)]
    pieces[0] = b'{"inputs":['
    rest = msgspec.json.encode({"seed": seed, "source": SOURCE, **(parameters or {})})
    return b"".join([*pieces, b"],", rest[1:]])


def _inputs(counts: sparse.csr_array) -> Iterator[memoryview]:
    """Yield the inputs of some rows at a time, without the brackets around them.

    orjson writes rows of numbers in half the time that msgspec takes for lists of Python's own.
    """
    for start in range(0, counts.shape[0], ROWS_AT_A_TIME):
        rows = counts[start : start + ROWS_AT_A_TIME].toarray()
        inputs = [{"counts": row} for row in rows]
        yield memoryview(orjson.dumps(inputs, option=orjson.OPT_SERIALIZE_NUMPY))[1:-1]


def decode_example(body: bytes) -> ExampleQuery:
    """Return the example query of ``{"example_query": {...}}``, or of the query by itself."""
    what = "the example query"
    keys = decode_as(body, dict[str, Raw], what)
    query_text = bytes(keys.get("example_query", body))
    query = decode_as(query_text, _Query, what)
    if not query.inputs:
        raise BadAnswer(f"{what} has no inputs", action=NOT_THE_PROTOCOL)
    lengths = {len(item.counts) for item in query.inputs}
    if len(lengths) > 1:
        raise BadAnswer(f"{what} has inputs of different lengths", action=NOT_THE_PROTOCOL)
    fields = decode_as(query_text, dict[str, Raw], what)
    fields["source"] = Raw(msgspec.json.encode(SOURCE))
    return ExampleQuery(msgspec.json.encode(fields), len(query.inputs), lengths.pop())
