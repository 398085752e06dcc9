"""The endpoint's field names in answers, as ours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.labels.fields import field_of_api_name


def our_fields(names: pa.Array, sample: NDArray[np.int64]) -> tuple[NDArray[np.int64], pa.Array]:
    """Return which entries to keep, and the name of the field that each kept entry is about.

    An answer may name one field twice (``tissue_ontology_id`` and ``tissue``): the name that comes
    first in `gem_assets.labels.fields.Field.api_names` is kept. A name that we do not know stays.

    Parameters
    ----------
    names
        The endpoint's names, one an entry.
    sample
        Row of the sample that each entry is about.

    Returns
    -------
    tuple
        Positions of the kept entries, ascending, and their field names.
    """
    encoded = pc.dictionary_encode(names)
    known = [(str(name), field_of_api_name(str(name))) for name in encoded.dictionary.to_pylist()]
    ours = [name if field is None else field.name for name, field in known]
    ranks = [0 if field is None else field.api_names.index(name) for name, field in known]
    code = encoded.indices.to_numpy(zero_copy_only=False)
    words = sorted(set(ours))
    word = np.array([words.index(name) for name in ours], dtype=np.int64)[code]
    rank = np.array(ranks, dtype=np.int64)[code]
    order = np.lexsort((rank, word, sample))
    first = np.ones(order.size, dtype=bool)
    first[1:] = (np.diff(sample[order]) != 0) | (np.diff(word[order]) != 0)
    kept = np.sort(order[first])
    return kept, pa.array(words, pa.string()).take(pa.array(word[kept]))


@dataclass(frozen=True, slots=True, eq=False)
class FieldProbabilities:
    """Classifier probabilities, one entry a sample and field.

    Attributes
    ----------
    sample
        Row of the sample of each entry.
    field
        Our name of its field.
    value, probability
        List arrays: the field's values by descending probability, never empty.
    """

    sample: NDArray[np.int64]
    field: pa.Array
    value: pa.ListArray
    probability: pa.ListArray


def field_probabilities(column: pa.ListArray) -> FieldProbabilities:
    """Return the column ``classifier_probs`` of answers, taken apart."""
    sample = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
    name, value, probability = column.flatten().flatten()
    kept, field = our_fields(name, sample)
    if kept.size < len(name):
        value, probability = (lists.take(pa.array(kept)) for lists in (value, probability))
    return FieldProbabilities(sample[kept], field, value, probability)
