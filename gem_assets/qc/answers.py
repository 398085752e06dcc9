"""What a model answered for one field of a dataset: a matrix, samples x classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.labels.ontology import label_of


@dataclass(frozen=True, slots=True, eq=False)
class FieldAnswers:
    """A model's answers for one field.

    Attributes
    ----------
    samples
        Samples that the model answered this field for, one a row.
    classes
        The field's vocabulary, sorted: every class that the model named for it in the dataset.
    probability
        float64, samples x classes, rows of sum 1; a row of NaN where the model named its
        prediction only.
    top
        Column of the top prediction, shape (samples,); -1 where there is none (a number field).
    labels
        The model's own label of a class, where its answer brought one.
    """

    samples: pd.Index
    classes: tuple[str, ...]
    probability: NDArray[np.float64]
    top: NDArray[np.intp]
    labels: dict[str, str]

    @property
    def p_top(self) -> NDArray[np.float64]:
        """Probability of the top prediction, shape (samples,); NaN where unknown."""
        p_top = np.full(len(self.samples), np.nan)
        answered = self.top >= 0
        p_top[answered] = self.probability[answered, self.top[answered]]
        return p_top

    def class_labels(self) -> NDArray[np.object_]:
        """Return each class's label: the model's own, the ontology's, or the class as it is."""
        labels = [self.labels.get(name) or label_of(name) or name for name in self.classes]
        return np.array(labels, dtype=object)


def field_answers(
    field: str, predicted_metadata: pd.DataFrame, classifier_probs: pd.DataFrame
) -> FieldAnswers:
    """Return the answers for one field.

    The top prediction is the most probable class. Where several share the maximum, and where
    there are no probabilities, it is the one that ``predicted_metadata`` holds.

    Parameters
    ----------
    field
        Our name of the field.
    predicted_metadata, classifier_probs
        The tables of one dataset. Probability rows of another sum than 1 are normalised; rows
        that sum to nothing count as absent.
    """
    stated = predicted_metadata[predicted_metadata["field"].eq(field)]
    stated = stated.drop_duplicates("sample_id", keep="last").set_index("sample_id")
    rows = classifier_probs[classifier_probs["field"].eq(field)]
    rows = rows.drop_duplicates("sample_id", keep="last")
    # Enumerations may hold their word as label only.
    named = pd.Series(
        np.where(stated["predicted_id"].notna(), stated["predicted_id"], stated["predicted_label"]),
        index=stated.index,
        dtype=object,
    )
    words, flat = _sparse_rows(rows)
    samples = stated.index.union(pd.Index(rows["sample_id"]), sort=False)
    classes = tuple(sorted({*words, *(str(word) for word in named.dropna())}))
    column = {name: i for i, name in enumerate(classes)}

    probability = np.full((len(samples), len(classes)), np.nan)
    where = samples.get_indexer(pd.Index(rows["sample_id"]))
    held = flat.sum(axis=1)
    usable = np.isfinite(held) & (held > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        normalised = flat / held[:, None]
    probability[where[usable]] = 0.0
    spread = np.array([column[word] for word in words], dtype=np.intp)
    probability[np.ix_(where[usable], spread)] = normalised[usable]

    named_column = np.array(
        [column.get(str(name), -1) for name in named.reindex(samples)], dtype=np.intp
    )
    top = _top(probability, named_column)
    texts = stated["predicted_label"].astype(object)
    has_text = named.notna() & texts.notna()
    labels = dict(zip(named[has_text].astype(str), texts[has_text].astype(str), strict=True))
    return FieldAnswers(samples, classes, probability, top, labels)


def vocabularies(
    predicted_metadata: pd.DataFrame, classifier_probs: pd.DataFrame
) -> dict[str, tuple[str, ...]]:
    """Return the classes that the model named for each field of a dataset, sorted."""
    fields = dict.fromkeys([*predicted_metadata["field"], *classifier_probs["field"]])
    return {
        str(field): classes
        for field in fields
        if (classes := field_answers(str(field), predicted_metadata, classifier_probs).classes)
    }


def _top(probability: NDArray[np.float64], named: NDArray[np.intp]) -> NDArray[np.intp]:
    if not probability.shape[1]:
        return named
    known = np.asarray(np.isfinite(probability).all(axis=1))
    filled = np.where(known[:, None], probability, 0.0)
    top: NDArray[np.intp] = filled.argmax(axis=1)
    each = np.arange(len(top))
    as_probable = (named >= 0) & (filled[each, named] >= filled[each, top])
    chosen: NDArray[np.intp] = np.where(np.logical_or(~known, as_probable), named, top)
    return chosen


def _sparse_rows(rows: pd.DataFrame) -> tuple[list[str], NDArray[np.float64]]:
    """Return the distinct values, and their probabilities as a matrix, rows x values.

    Lists become arrays once, in Arrow: no Python loop over samples.
    """
    values = _lists(rows["value"], pa.string())
    probabilities = _lists(rows["probability"], pa.float64())
    lengths, others = (
        lists.value_lengths().to_numpy(zero_copy_only=False) for lists in (values, probabilities)
    )
    if not np.array_equal(lengths, others):
        bad = int(np.flatnonzero(lengths != others)[0])
        raise ValueError(
            f"sample {rows['sample_id'].iloc[bad]!r}, field {rows['field'].iloc[bad]!r}: "
            f"{lengths[bad]} classes, but {others[bad]} probabilities"
        )
    encoded = values.flatten().dictionary_encode()
    words: list[str] = encoded.dictionary.to_pylist()
    columns = encoded.indices.to_numpy(zero_copy_only=False)
    shape = (len(rows), len(words))
    position = (np.repeat(np.arange(len(rows)), lengths), columns)
    data = probabilities.flatten().to_numpy(zero_copy_only=False)
    return words, sparse.coo_array((data, position), shape=shape).toarray()


def _lists(column: pd.Series, value_type: pa.DataType) -> pa.ListArray:
    lists = pa.array(column, type=pa.list_(value_type))
    return lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
