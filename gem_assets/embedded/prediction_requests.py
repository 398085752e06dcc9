"""Reading and judging a prediction request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.embedded.messages import InputErrorMessage
from gem_assets.embedded.model import DecodingOptions

LARGEST_COUNT = 2**53
"""Counts from here on are no longer whole in a JSON number."""

LARGEST_TOTAL_COUNT = 10**12
"""Library size that may be asked of the decoder: beyond any sequencer."""

MOST_ERRORS = 100
"""Errors listed in one answer."""


class MalformedRequestError(ValueError):
    """The body is not JSON."""


class InvalidRequestError(ValueError):
    """The body is JSON, but no request of this model; `errors` says what and where."""

    def __init__(self, errors: list[InputErrorMessage]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{e.path}: {e.message}" for e in errors))


@dataclass(frozen=True, slots=True, eq=False)
class PredictionRequest:
    """A request that can be computed: counts, samples x genes, int64, and what else it asks."""

    counts: sparse.csr_array
    options: DecodingOptions


_TotalCount = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_TOTAL_COUNT)]


class RequestBody(msgspec.Struct):
    """The keys of a request, each still JSON."""

    # Raw, so that a fault in one field is told together with those of the others. Fields that the
    # protocol may gain are ignored.
    inputs: msgspec.Raw = msgspec.Raw(b"null")
    seed: msgspec.Raw = msgspec.Raw(b"null")
    total_count: msgspec.Raw = msgspec.Raw(b"null")
    deterministic_latents: msgspec.Raw = msgspec.Raw(b"null")


class _Input(msgspec.Struct):
    counts: msgspec.Raw = msgspec.Raw(b"null")


def read_request(body: bytes, n_genes: int) -> PredictionRequest:
    """Return the request that a body holds.

    Raises
    ------
    MalformedRequestError
        If the body is not JSON.
    InvalidRequestError
        If it is not a request for a model of ``n_genes`` genes.
    """
    return judge_request(decode_body(body), n_genes)


def decode_body(body: bytes) -> RequestBody:
    """Return the keys of a request; raises as `read_request` does."""
    try:
        return msgspec.json.decode(body, type=RequestBody)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            [InputErrorMessage("", "expected an object with the key `inputs`")]
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequestError(f"the body is not JSON: {error}") from error


def judge_request(read: RequestBody, n_genes: int, where: str = "inputs") -> PredictionRequest:
    """Return the request whose keys were read, if it is one for a model of ``n_genes`` genes.

    Parameters
    ----------
    where
        Path of the inputs, for the paths of errors.

    Raises
    ------
    InvalidRequestError
        If it is none.
    """
    errors: list[InputErrorMessage] = []
    options = _options(read, errors)
    rows = _rows(read.inputs, n_genes, where, errors)
    if errors:
        raise InvalidRequestError(errors)
    return PredictionRequest(sparse.csr_array(sparse.vstack(rows)), options)


def _options(read: RequestBody, errors: list[InputErrorMessage]) -> DecodingOptions:
    values = []
    for name, kind, expected in (
        ("seed", int | None, "a whole number"),
        ("total_count", _TotalCount | None, f"a whole number of 1 to {LARGEST_TOTAL_COUNT}"),
        ("deterministic_latents", bool | None, "true or false"),
    ):
        try:
            values.append(msgspec.json.decode(getattr(read, name), type=kind))
        except msgspec.ValidationError:
            errors.append(InputErrorMessage(name, f"expected {expected}"))
            values.append(None)
    seed, total_count, deterministic = values
    return DecodingOptions(seed or 0, total_count, bool(deterministic))


def _rows(
    raw: msgspec.Raw, n_genes: int, where: str, errors: list[InputErrorMessage]
) -> list[sparse.csr_array]:
    try:
        inputs = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        errors.append(InputErrorMessage(where, "expected a list of objects with `counts`"))
        return []
    if not inputs:
        errors.append(InputErrorMessage(where, "expected at least one input"))
    rows = []
    for i, one in enumerate(inputs):
        counts, wrong = _counts(one, n_genes)
        if wrong is not None:
            errors.append(InputErrorMessage(f"{where}[{i}].counts", wrong))
            if len(errors) == MOST_ERRORS:
                break
        elif counts is not None:
            rows.append(sparse.csr_array(counts[None, :]))
    return rows


def _counts(raw: msgspec.Raw, n_genes: int) -> tuple[NDArray[np.int64] | None, str | None]:
    """Return (counts, None) or (None, what is wrong with them)."""
    try:
        listed = msgspec.json.decode(raw, type=_Input).counts
    except msgspec.ValidationError:
        return None, "expected an object with `counts`"
    try:
        values: list[int] | list[float] = msgspec.json.decode(listed, type=list[int])
    except msgspec.ValidationError:
        # Whole numbers written as 3.0 are welcome; they take the slower road.
        try:
            values = msgspec.json.decode(listed, type=list[float])
        except msgspec.ValidationError:
            return None, _not_numbers(listed, n_genes)
    if len(values) != n_genes:
        return None, f"expected {n_genes} values, got {len(values)}"
    given = np.array(values, dtype=np.float64)
    for bad, expected in (
        (given < 0, "counts are 0 or more"),
        (given >= LARGEST_COUNT, f"counts are below {LARGEST_COUNT}"),
        (given != np.trunc(given), "counts are whole numbers"),
    ):
        if bad.any():
            first = int(bad.argmax())
            return None, f"value {first} is {values[first]}; {expected}"
    return given.astype(np.int64), None


def _not_numbers(listed: msgspec.Raw, n_genes: int) -> str:
    """Return which value of something that should be a list of numbers is none."""
    try:
        values = msgspec.json.decode(listed, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        return f"expected a list of {n_genes} counts"
    for i, value in enumerate(values):
        try:
            msgspec.json.decode(value, type=float)
        except msgspec.ValidationError:
            return f"value {i} is {bytes(value)[:40].decode(errors='replace')}, not a count"
    raise AssertionError("a list of numbers was refused as none")  # pragma: no cover
