"""The column ``classifier_probs`` of answers: probabilities brought to 1, most probable first.

Classifiers have hundreds of values, and the same ones in every sample: what the samples of an
answer share is worked out once, and their numbers are worked on together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gem_assets.endpoint.messages import SampleOutput

ROUNDING = 0.01
"""Probabilities whose sum is off 1 by less than this were rounded, which is not worth a note."""

PROBABILITIES = pa.list_(
    pa.struct(
        [
            ("name", pa.string()),
            ("value", pa.list_(pa.string())),
            ("probability", pa.list_(pa.float64())),
        ]
    )
)
"""Type of the column: a list of fields a sample."""


@dataclass(slots=True, eq=False)
class _Alike:
    """One field of all samples whose answers list its values in the same order."""

    name: str
    values: tuple[str, ...]
    entries: list[int] = field(default_factory=list)
    given: list[list[float]] = field(default_factory=list)


def probability_column(outputs: Sequence[SampleOutput]) -> tuple[pa.ListArray, list[list[str]]]:
    """Return the column of some outputs, and notes for each on what was put right.

    Parameters
    ----------
    outputs
        What the endpoint said of each sample.

    Returns
    -------
    column, notes
        Values that are no probabilities (negative, infinite, NaN) are dropped, and fields without
        any above 0. Equal probabilities are in the order of their values' names.
    """
    notes: list[list[str]] = [[] for _ in outputs]
    entries = [
        (i, name, by_value)
        for i, output in enumerate(outputs)
        for name, by_value in output.classifier_probs.items()
        if by_value
    ]
    sample = np.array([i for i, _, _ in entries], dtype=np.int64)
    length = np.zeros(len(entries), dtype=np.int64)
    parts = [(alike, *_ranked(alike, notes, sample, length)) for alike in _groups(entries)]
    kept = length > 0
    start = np.cumsum(length) - length
    word = np.empty(int(length.sum()), dtype=np.int64)
    probability = np.empty(word.size, dtype=np.float64)
    words: list[str] = []
    for alike, ranks, ranked in parts:
        column = np.arange(ranked.shape[1])
        own = np.array(alike.entries)
        there = column < length[own][:, None]
        at = (start[own][:, None] + column)[there]
        word[at] = ranks[there] + len(words)
        probability[at] = ranked[there]
        words += sorted(alike.values)
    offsets = _offsets(length[kept])
    texts = pa.array(words, pa.string()).take(pa.array(word))
    fields = pa.StructArray.from_arrays(
        [
            pa.array([name for _, name, _ in entries], pa.string()).filter(pa.array(kept)),
            pa.ListArray.from_arrays(offsets, texts),
            pa.ListArray.from_arrays(offsets, pa.array(probability)),
        ],
        fields=list(PROBABILITIES.value_type),
    )
    per_sample = np.bincount(sample[kept], minlength=len(outputs))
    return pa.ListArray.from_arrays(_offsets(per_sample), fields), notes


def _groups(entries: Sequence[tuple[int, str, Mapping[str, float]]]) -> list[_Alike]:
    groups: dict[tuple[str, tuple[str, ...]], _Alike] = {}
    for entry, (_, name, by_value) in enumerate(entries):
        values = tuple(by_value)
        alike = groups.get((name, values))
        if alike is None:
            alike = groups[name, values] = _Alike(name, values)
        alike.entries.append(entry)
        alike.given.append(list(by_value.values()))
    return list(groups.values())


def _ranked(
    alike: _Alike, notes: list[list[str]], sample: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ranks among the sorted values, and probabilities, both by descending probability.

    ``length`` of each entry is set to how many of them count; 0 drops the entry.
    """
    by_name = sorted(range(len(alike.values)), key=alike.values.__getitem__)
    given = np.array(alike.given, dtype=np.float64)[:, by_name]
    # An infinite or negative probability is as little a probability as NaN is.
    usable = np.isfinite(given) & (given >= 0)
    probability = np.where(usable, given, 0.0)
    total = probability.sum(axis=1)
    n_usable = usable.sum(axis=1)
    length[alike.entries] = np.where(total > 0, n_usable, 0)
    for row in np.flatnonzero((n_usable < len(by_name)) | (np.abs(total - 1) > ROUNDING)):
        said = notes[sample[alike.entries[row]]]
        if n_usable[row] < len(by_name):
            said.append(
                f"{alike.name}: {len(by_name) - n_usable[row]} of {len(by_name)} probabilities "
                "were negative or no numbers and were dropped"
            )
        if total[row] <= 0:
            said.append(f"{alike.name}: no probability was above 0, the field was dropped")
        elif abs(total[row] - 1) > ROUNDING:
            said.append(
                f"{alike.name}: probabilities summed to {total[row]:.4g} and were brought to 1"
            )
    order = np.argsort(np.where(usable, -given, np.inf), axis=1, kind="stable")
    scale = np.where(total > 0, total, 1.0)[:, None]
    return order, np.take_along_axis(probability, order, axis=1) / scale


def _offsets(lengths: NDArray[np.int64]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
