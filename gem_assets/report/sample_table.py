"""The table of every sample: its status, its sentence and its top prediction a field."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.open_findings import settled_samples
from gem_assets.qc.reasons import STATUS_ORDER
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import text_or_none

MAX_TABLE_ROWS = 1_000
"""Rows of the sample table, the worst first; all rows are in the warehouse."""


def listed_samples(given: ReportInput) -> pd.DataFrame:
    """Return the rows of the samples that the page lists: the worst first, open before reviewed."""
    rank = given.samples["status"].map({s: -i for i, s in enumerate(STATUS_ORDER)})
    settled = given.samples["sample_id"].isin(settled_samples(given.verdicts))
    ranked = given.samples.assign(rank=rank, settled=settled)
    return ranked.sort_values(["rank", "settled"], kind="stable").head(MAX_TABLE_ROWS)


def sample_table(given: ReportInput, rows: pd.DataFrame) -> list[Mapping[str, str]]:
    """Return a row for each of the `listed_samples`, by the names of the columns."""
    wide = _answers(given, rows["sample_id"])
    fields = [f.name for f in FIELDS if f.name in wide.columns]
    answers = wide.reindex(rows["sample_id"])[fields].to_dict(orient="records")
    reviewed = _reviewers(given.verdicts)
    columns = (rows["sample_id"], rows["status"], rows["sentence"], answers)
    return [
        {
            given.unit.one: str(sample_id),
            **({"status": str(status)} if given.labelled else {}),
            **{name: text_or_none(answered[name]) or "" for name in fields},
            **({"reviewed by": reviewed.get(str(sample_id), "")} if reviewed else {}),
            **({"in words": str(sentence)} if given.labelled else {}),
        }
        for sample_id, status, sentence, answered in zip(*columns, strict=True)
    ]


def _answers(given: ReportInput, sample_ids: pd.Series) -> pd.DataFrame:
    """Return the top prediction of each sample and field as text."""
    answers = given.predicted_of_units
    answers = answers[answers["sample_id"].isin(sample_ids)]
    values = answers["predicted_label"].astype(object)
    values = values.where(values.notna(), answers["predicted_id"])
    answers = answers[values.notna()]
    values = values[values.notna()].astype(str)
    p = answers["probability"].astype(float)
    shown = values.where(p.isna(), values + p.map(lambda x: f" {x:.2f}"))
    return answers.assign(shown=shown).pivot_table(
        index="sample_id", columns="field", values="shown", aggfunc="first"
    )


def _reviewers(verdicts: pd.DataFrame) -> dict[str, str]:
    reviewed = verdicts[verdicts["reviewed_by"].notna()]
    by_sample = reviewed.groupby("sample_id", sort=False)["reviewed_by"]
    return {str(sample): ", ".join(dict.fromkeys(names)) for sample, names in by_sample}
