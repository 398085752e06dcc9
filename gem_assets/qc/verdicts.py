"""Stated labels against predictions: the ``qc_verdicts`` table.

Numbers are worked out for all samples of a distinct (field, stated term) at once; nothing here
loops over samples.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gem_assets.labels.fields import FIELD_BY_NAME, FieldKind
from gem_assets.labels.resolution import RESOLVED
from gem_assets.labels.table import VALUE_SEPARATOR
from gem_assets.qc.adjustments import adjust
from gem_assets.qc.age import judge_age
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.history import PROVENANCE
from gem_assets.qc.reasons import STATUS_ORDER, Reason, Status
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.term_masks import term_masks
from gem_assets.qc.term_rules import REASONS, TermVerdicts, judge_term

LABEL_COLUMNS = (
    "dataset",
    "sample_id",
    "field",
    "provided_text",
    "provided_id",
    "provided_label",
)
NUMBER_COLUMNS = ("p_top", "p_provided", "p_compatible", "ratio", "label_quality")
VERDICT_COLUMNS = (
    *LABEL_COLUMNS,
    "predicted_id",
    "predicted_label",
    "status",
    "reason",
    *NUMBER_COLUMNS,
    "reviewed_by",
    *PROVENANCE,
)
JUDGED_KINDS = frozenset({FieldKind.ONTOLOGY, FieldKind.ENUMERATION})


def judge(
    sample_labels: pd.DataFrame,
    predicted_metadata: pd.DataFrame,
    classifier_probs: pd.DataFrame,
    settings: QcSettings,
    *,
    decoded_counts: pd.DataFrame | None = None,
    answers: Mapping[str, FieldAnswers] | None = None,
) -> pd.DataFrame:
    """Return the verdict on every stated label of a dataset.

    A field's vocabulary is every class that the model named for it in the dataset. Of a label of
    several values the best-matching one counts. A sample without a prediction is
    ``field_not_predicted``.

    Parameters
    ----------
    sample_labels, predicted_metadata, classifier_probs
        The tables of these names, of one dataset.
    settings
        Thresholds.
    decoded_counts
        Columns sample_id, reconstruction_r: a sample that the model reconstructs far worse than
        the others (``settings.outlier_mads``) warns where it would fail. Without it none does.
    answers
        What :func:`gem_assets.qc.answers.field_answers` made of the predictions, by field, where
        that is known already.

    Returns
    -------
    pandas.DataFrame
        The ``qc_verdicts`` table, a row a row of ``sample_labels`` and in its order. ``p_top`` is
        the probability of the predicted value; ``p_provided``, ``p_compatible`` and ``ratio``
        belong to the stated one and are null where it was not assessed. ``label_quality`` is the
        closed set's (:mod:`gem_assets.qc.closed_set`), and null here. Provenance is the
        prediction's; that of the dataset's latest prediction where a sample has none.

    Raises
    ------
    ValueError
        If the tables hold several datasets, or there are labels and no prediction at all.
    """
    datasets = {
        str(name)
        for table in (sample_labels, predicted_metadata, classifier_probs)
        for name in table["dataset"].unique()
    }
    if len(datasets) > 1:
        raise ValueError(f"tables of one dataset are judged at a time, got {sorted(datasets)}")
    if len(sample_labels) and not len(predicted_metadata) and not len(classifier_probs):
        raise ValueError(
            f"dataset {datasets.pop()!r} has {len(sample_labels)} labels but no prediction; "
            "predict its samples before judging them"
        )
    verdicts = _blank(sample_labels)
    for field in verdicts["field"].unique():
        rows = np.flatnonzero(verdicts["field"].eq(field))
        known = None if answers is None else answers.get(str(field))
        if known is None:
            known = field_answers(str(field), predicted_metadata, classifier_probs)
        _judge_field(verdicts, rows, known, str(field), predicted_metadata, settings)
    verdicts = adjust(verdicts, settings, decoded_counts)
    return _with_provenance(verdicts, predicted_metadata, classifier_probs)[list(VERDICT_COLUMNS)]


def _blank(sample_labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels as verdicts that hold nothing but why a text did not resolve."""
    verdicts = sample_labels[[*LABEL_COLUMNS, "resolution"]].reset_index(drop=True)
    resolution = verdicts["resolution"].astype(object)
    unmapped = resolution.isin(RESOLVED) & verdicts["provided_id"].isna()
    verdicts["reason"] = resolution.mask(unmapped, str(Reason.UNMAPPED))
    verdicts["status"] = str(Status.NOT_ASSESSED)
    verdicts["status"] = verdicts["status"].astype(object)
    for name in ("predicted_id", "predicted_label", "reviewed_by"):
        verdicts[name] = pd.Series([None] * len(verdicts), dtype=object)
    for name in NUMBER_COLUMNS:
        verdicts[name] = np.nan
    return verdicts.drop(columns="resolution")


def _kind(field: str) -> FieldKind:
    return FIELD_BY_NAME[field].kind if field in FIELD_BY_NAME else FieldKind.TEXT


def _judge_field(
    verdicts: pd.DataFrame,
    rows: NDArray[np.intp],
    answers: FieldAnswers,
    field: str,
    predicted_metadata: pd.DataFrame,
    settings: QcSettings,
) -> None:
    """Write the verdicts on one field into its rows."""
    labels = verdicts.iloc[rows]
    resolved = labels["reason"].isin(RESOLVED).to_numpy()
    if _kind(field) is FieldKind.NUMBER:
        held = predicted_metadata[predicted_metadata["field"].eq(field)]
        years = held.drop_duplicates("sample_id").set_index("sample_id")["value_number"]
        predicted = years.reindex(labels["sample_id"]).set_axis(labels.index)
        if settings.judges(field):
            found = judge_age(labels["provided_id"], predicted, settings)
            verdicts.loc[labels.index[resolved], ["status", "reason"]] = found[resolved]
        else:
            verdicts.loc[labels.index[resolved], "reason"] = str(Reason.FIELD_LEFT_OUT)
        known = labels.index[predicted.notna()]
        verdicts.loc[known, "predicted_label"] = [f"{value:g}" for value in predicted[known]]
        return

    at = answers.samples.get_indexer(pd.Index(labels["sample_id"]))
    answered = np.append(answers.top, -1)[at] >= 0  # an unknown sample is at -1, the last
    _write_predictions(verdicts, labels.index[answered], at[answered], answers)
    judged = TermVerdicts.none(len(rows))
    if not settings.judges(field):
        judged.reason[:] = REASONS.index(Reason.FIELD_LEFT_OUT)
    elif _kind(field) in JUDGED_KINDS:
        _judge_terms(judged, labels["provided_id"], resolved & answered, at, answers, settings)
    else:
        judged.reason[answered] = REASONS.index(Reason.FIELD_NOT_JUDGED)
    index = labels.index[resolved]
    verdicts.loc[index, "status"] = np.array(STATUS_ORDER, dtype=object)[judged.status[resolved]]
    verdicts.loc[index, "reason"] = np.array(REASONS, dtype=object)[judged.reason[resolved]]
    for name in ("p_provided", "p_compatible", "ratio"):
        verdicts.loc[index, name] = getattr(judged, name)[resolved]


def _judge_terms(
    judged: TermVerdicts,
    provided: pd.Series,
    judgeable: NDArray[np.bool_],
    at: NDArray[np.intp],
    answers: FieldAnswers,
    settings: QcSettings,
) -> None:
    p_top = answers.p_top
    for joined, where in provided.groupby(provided).indices.items():
        rows = np.asarray(where, dtype=np.intp)
        rows = rows[judgeable[rows]]
        for i, term in enumerate(str(joined).split(VALUE_SEPARATOR)):
            masks = term_masks(term, answers.classes, settings.too_general)
            samples = at[rows]
            found = judge_term(
                masks, answers.probability[samples], answers.top[samples], p_top[samples], settings
            )
            judged.put_better(rows, found, first=i == 0)


def _write_predictions(
    verdicts: pd.DataFrame,
    index: pd.Index,
    at: NDArray[np.intp],
    answers: FieldAnswers,
) -> None:
    top = answers.top[at]
    verdicts.loc[index, "predicted_id"] = np.array(answers.classes, dtype=object)[top]
    verdicts.loc[index, "predicted_label"] = answers.class_labels()[top]
    verdicts.loc[index, "p_top"] = answers.p_top[at]


def _with_provenance(
    verdicts: pd.DataFrame, predicted_metadata: pd.DataFrame, classifier_probs: pd.DataFrame
) -> pd.DataFrame:
    """Add each prediction's provenance: the field's, else the sample's, else the dataset's."""
    columns = ["sample_id", "field", *PROVENANCE]
    tables = [table[columns] for table in (predicted_metadata, classifier_probs) if len(table)]
    told = pd.concat(tables or [predicted_metadata[columns]], ignore_index=True)
    told = told.sort_values("predicted_at", kind="stable", ignore_index=True)
    by_field = _place(told, verdicts, ["sample_id", "field"])
    by_sample = _place(told, verdicts, ["sample_id"])
    # Nothing of the sample's own is -1, the dataset's latest.
    source = told.iloc[np.where(by_field >= 0, by_field, by_sample)]
    columns_to_add = {name: source[name].to_numpy() for name in PROVENANCE[:-1]}
    at = pd.to_datetime(source["predicted_at"], utc=True).astype("datetime64[us, UTC]")
    return verdicts.assign(**columns_to_add, predicted_at=at.array)


def _place(told: pd.DataFrame, verdicts: pd.DataFrame, keys: list[str]) -> NDArray[np.intp]:
    """Return the row of ``told`` that holds the latest word on each verdict's keys, else -1."""
    latest = told.drop_duplicates(keys, keep="last")
    held, wanted = (pd.MultiIndex.from_frame(table[keys]) for table in (latest, verdicts))
    place: NDArray[np.intp] = np.append(latest.index.to_numpy(), -1)[held.get_indexer(wanted)]
    return place
