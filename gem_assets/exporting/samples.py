"""A row a sample with all that is stated, predicted and judged of it: ``obs`` of an AnnData."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gem_assets.labels.fields import FIELD_BY_NAME, FIELDS, FieldKind
from gem_assets.settings import Modality

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_TABLES: tuple[str, ...] = (
    "sample_labels",
    "sample_sheet",
    "predicted_metadata",
    "qc_verdicts",
    "qc_samples",
)
"""Tables that `sample_columns` takes."""


def sample_columns(
    tables: Mapping[str, pd.DataFrame], sample_ids: Sequence[str], modality: Modality
) -> pd.DataFrame:
    """Return what is stated, predicted and judged, a row a sample.

    Parameters
    ----------
    tables
        `SAMPLE_TABLES` of one dataset, as the warehouse gives them.
    sample_ids
        The samples, in the order of the rows.
    modality
        Cells have the verdicts of the groups that they were judged in.

    Returns
    -------
    pandas.DataFrame
        Index: the samples. For each field that somebody said something of: ``provided_F``,
        ``provided_F_ontology_id``, ``predicted_F`` (a number for age), ``predicted_F_ontology_id``,
        ``predicted_F_probability``, ``qc_F_status``, ``qc_F_reason``, of cells ``qc_F_group``; then
        ``qc_status``, ``qc_reasons`` (joined by ``'; '``), ``qc_sentence`` and ``qc_suggestion``.
        Texts are categories, missing where there are none; sentences are texts.
    """
    import pandas as pd

    ids = pd.Index(sample_ids, name="sample_id")
    labels, predicted = tables["sample_labels"], tables["predicted_metadata"]
    groups = _groups(tables, sample_ids) if modality == "sc" else {}
    columns: dict[str, pd.Series] = {}
    for field in _fields(labels, predicted):
        name = plain_name(field)
        columns |= _provided(name, field, _of_field(labels, field, ids))
        columns |= _predicted(name, field, _of_field(predicted, field, ids))
        judged = pd.Series(ids, index=ids) if modality == "bulk" else groups.get(field)
        if judged is not None:
            columns |= _verdicts(name, tables["qc_verdicts"], field, judged, modality)
    frame = pd.DataFrame(columns, index=ids)
    frame = frame.join(_summaries(tables["qc_samples"], ids, groups))
    said = frame.loc[:, frame.notna().any()]
    return said.apply(_for_h5ad)


def plain_name(name: str) -> str:
    """Return a name in letters, digits and ``_``: an endpoint's own name may be anything."""
    return re.sub(r"\W+", "_", name)


def _fields(*tables: pd.DataFrame) -> list[str]:
    """Return the fields of the tables: ours in our order, then the endpoint's own."""
    found = {str(field) for table in tables for field in table["field"].unique()}
    ours = [field.name for field in FIELDS if field.name in found]
    return [*ours, *sorted(found - set(ours))]


def _kind(field: str) -> FieldKind | None:
    """Return how a field's values compare; None for one of the endpoint's own."""
    known = FIELD_BY_NAME.get(field)
    return known.kind if known else None


def _of_field(table: pd.DataFrame, field: str, ids: pd.Index) -> pd.DataFrame:
    return table[table["field"].eq(field)].set_index("sample_id").reindex(ids)


def _provided(name: str, field: str, rows: pd.DataFrame) -> dict[str, pd.Series]:
    label = rows["provided_label"].where(rows["provided_label"].notna(), rows["provided_text"])
    columns = {f"provided_{name}": label}
    if _kind(field) is FieldKind.ONTOLOGY:
        columns[f"provided_{name}_ontology_id"] = rows["provided_id"]
    return columns


def _predicted(name: str, field: str, rows: pd.DataFrame) -> dict[str, pd.Series]:
    if _kind(field) is FieldKind.NUMBER:
        return {f"predicted_{name}": rows["value_number"]}
    label = rows["predicted_label"].where(rows["predicted_label"].notna(), rows["predicted_id"])
    columns = {f"predicted_{name}": label}
    if _kind(field) is FieldKind.ONTOLOGY:
        columns[f"predicted_{name}_ontology_id"] = rows["predicted_id"]
    return columns | {f"predicted_{name}_probability": rows["probability"]}


def _verdicts(
    name: str, verdicts: pd.DataFrame, field: str, judged: pd.Series, modality: Modality
) -> dict[str, pd.Series]:
    """Return the verdict on each sample's label; ``judged``: under which name it was judged."""
    of_name = verdicts[verdicts["field"].eq(field)].set_index("sample_id")
    columns = {
        f"qc_{name}_{what}": judged.map(of_name[what], na_action="ignore")
        for what in ("status", "reason")
    }
    return columns if modality == "bulk" else {f"qc_{name}_group": judged, **columns}


def _groups(tables: Mapping[str, pd.DataFrame], sample_ids: Sequence[str]) -> dict[str, pd.Series]:
    """Return, by field, the group of each cell that was judged in one."""
    import pandas as pd

    from gem_assets.labels.sheet_cells import sheet_of_cells
    from gem_assets.qc.cell_membership import cell_groups
    from gem_assets.qc.confused_labels import stated_column

    donors = stated_column(sheet_of_cells(tables["sample_sheet"]), "donor")
    groups = cell_groups(tables["sample_labels"], sample_ids, donors)
    names = groups.labels["sample_id"].to_numpy(dtype=object)
    ids = pd.Index(sample_ids)
    return {
        field: pd.Series(names[groups.group[field]], index=cells, dtype=object).reindex(ids)
        for field, cells in groups.cells.items()
    }


def _summaries(
    samples: pd.DataFrame, ids: pd.Index, groups: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Return what the verdicts on each sample come to; of a cell, on the worst of its groups."""
    import numpy as np
    import pandas as pd

    from gem_assets.qc.cell_membership import NO_LABEL
    from gem_assets.qc.reasons import STATUS_ORDER

    told = pd.DataFrame(
        {
            "qc_status": samples["status"].astype(object),
            "qc_reasons": [("; ".join(reasons) or None) for reasons in samples["reasons"]],
            "qc_sentence": samples["sentence"].astype(object),
            "qc_suggestion": samples["suggestion"].astype(object),
        }
    ).set_axis(pd.Index(samples["sample_id"], dtype=object))
    badness = told["qc_status"].map(STATUS_ORDER.index)
    told = told.iloc[badness.argsort(kind="stable")]  # the worst last
    told = told[~told.index.duplicated(keep="last")]
    rank = told.index.get_indexer(ids)  # -1: not judged under this name
    for names in groups.values():
        rank = np.maximum(rank, told.index.get_indexer(pd.Index(names)))
    if groups:
        [rest] = told.index.get_indexer(pd.Index([NO_LABEL]))
        rank = np.where(rank < 0, rest, rank)
    return told.reset_index(drop=True).reindex(rank).set_axis(ids)


def _for_h5ad(column: pd.Series) -> pd.Series:
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype(object)
    if column.name == "qc_sentence":  # which most samples have to themselves
        return text.where(text.notna(), "")
    return text.where(text.notna(), None).astype("category")
