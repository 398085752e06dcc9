"""The columns of ``predicted_metadata``: what is predicted of each field, and how surely."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.term_labels import term_label
from gem_assets.predictions.fields import FieldProbabilities, our_fields

NO_ENTRY = -1
"""In a position: there is none."""

_TERM_ID = re.compile(r"[A-Za-z]+[:_][0-9A-Za-z]+")
_NUMBERS = [field.name for field in FIELD_BY_NAME.values() if field.kind is FieldKind.NUMBER]


def predicted_metadata(metadata: pa.ListArray, probabilities: FieldProbabilities) -> pd.DataFrame:
    """Return one row for each sample and field that has a value or probabilities.

    The predicted value is the one that the endpoint's ``metadata`` states; where it states none,
    the most probable one. A number field (age) has its value in ``value_number`` alone.

    Parameters
    ----------
    metadata
        The column ``metadata`` of answers.
    probabilities
        The column ``classifier_probs`` of the same answers, taken apart.

    Returns
    -------
    pandas.DataFrame
        ``sample`` (row of the answer), ``field``, and the columns ``predicted_id`` to ``entropy``
        of the table; probabilities are of the predicted value and the best other one, the entropy
        (nats) is of all values.
    """
    entries = pd.DataFrame(
        {
            "sample": probabilities.sample,
            "field": _objects(probabilities.field),
            "entry": np.arange(len(probabilities.field)),
        }
    )
    rows = _stated(metadata).merge(entries, on=["sample", "field"], how="outer", sort=True)
    rows["entry"] = rows["entry"].fillna(NO_ENTRY).astype(np.int64)
    is_number = rows["field"].isin(_NUMBERS).to_numpy()
    rows.loc[is_number, "entry"] = NO_ENTRY
    rows["value_number"] = rows["number"]
    confidence = _confidence(rows["entry"].to_numpy(), rows["text"].to_numpy(), probabilities)
    rows = pd.concat([rows.drop(columns=["number", "entry"]), confidence], axis=1)
    rows["predicted_label"] = [
        _label(field, value)
        for field, value in zip(rows["field"], rows["predicted_id"], strict=True)
    ]
    return rows


def _stated(metadata: pa.ListArray) -> pd.DataFrame:
    """Return what the endpoint states: columns sample, field, text, number."""
    sample = pc.list_parent_indices(metadata).to_numpy(zero_copy_only=False)
    name, text, number = metadata.flatten().flatten()
    kept, field = our_fields(name, sample)
    stated = pd.DataFrame(
        {
            "sample": sample[kept],
            "field": _objects(field),
            "text": _objects(text)[kept],
            "number": number.to_numpy(zero_copy_only=False)[kept],
        }
    )
    of_number_field = stated["field"].isin(_NUMBERS)
    # An age that comes as text is an age nevertheless; a dose that comes as a number is a word.
    stated["number"] = stated["number"].where(
        ~of_number_field | stated["text"].isna(), pd.to_numeric(stated["text"], errors="coerce")
    )
    stated.loc[of_number_field, "text"] = None
    worded = stated["number"].notna() & ~of_number_field & stated["field"].isin(FIELD_BY_NAME)
    stated.loc[worded, "text"] = [f"{value:g}" for value in stated.loc[worded, "number"]]
    stated.loc[worded, "number"] = np.nan
    return stated


def _confidence(
    entry: NDArray[np.int64], stated: NDArray[np.object_], probabilities: FieldProbabilities
) -> pd.DataFrame:
    """Return the predicted value of rows, the best other one, their probabilities and the entropy.

    ``entry`` is the position of a row's probabilities, ``stated`` its value or None.
    """
    n = len(entry)
    encoded = pc.dictionary_encode(probabilities.value.flatten())
    words = encoded.dictionary.to_pylist()
    word = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    p = probabilities.probability.flatten().to_numpy(zero_copy_only=False)
    length = probabilities.value.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
    start = np.cumsum(length) - length
    in_entry = np.repeat(np.arange(length.size), length)

    code_of = {value: code for code, value in enumerate(words)}
    has = entry != NO_ENTRY
    at = entry[has]
    top = word[start[at]]
    given = np.array([code_of.get(v, NO_ENTRY) for v in stated[has]], dtype=np.int64)
    unstated = pd.isna(stated[has])
    chosen = np.where(unstated, top, given)

    # The values of one entry differ, so at most one of them is the chosen one.
    chosen_of_entry = np.full(length.size, NO_ENTRY)
    chosen_of_entry[at] = chosen
    hit = np.flatnonzero(word == chosen_of_entry[in_entry])
    p_of_entry = np.full(length.size, np.nan)
    p_of_entry[in_entry[hit]] = p[hit]
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(p > 0, -p * np.log(p), 0.0)
    entropy_of_entry = np.bincount(in_entry, surprise, minlength=length.size)

    # Best other value: the first, unless that is the chosen one; then the second, if there is one.
    rank = (top == chosen).astype(np.int64)
    other = np.where(rank < length[at], start[at] + rank, NO_ENTRY)
    exists = other != NO_ENTRY

    value = stated.astype(object)
    runner_up = np.full(n, None, dtype=object)
    numbers = {name: np.full(n, np.nan) for name in ("probability", "runner_up_probability")}
    where = np.flatnonzero(has)
    vocabulary = np.array([*words, None], dtype=object)
    value[where[unstated]] = vocabulary[top[unstated]]
    runner_up[where[exists]] = vocabulary[word[other[exists]]]
    numbers["probability"][where] = p_of_entry[at]
    numbers["runner_up_probability"][where[exists]] = p[other[exists]]
    entropy = np.full(n, np.nan)
    # + 0.0 makes the -0.0 of a certain answer 0.
    entropy[where] = entropy_of_entry[at] + 0.0
    return pd.DataFrame(
        {"predicted_id": value, "runner_up": runner_up, **numbers, "entropy": entropy}
    )


def _label(field: str, value: str | None) -> str | None:
    """Return the label of a predicted value: its term's, or for a word the word itself."""
    if value is None or pd.isna(value):
        return None
    known = FIELD_BY_NAME.get(field)
    if known is None or not known.ontologies or not _TERM_ID.fullmatch(value):
        return value
    return term_label(value)


def _objects(column: pa.Array) -> NDArray[np.object_]:
    values: NDArray[np.object_] = column.to_numpy(zero_copy_only=False)
    return values
