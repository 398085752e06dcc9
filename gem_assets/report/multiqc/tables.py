"""MultiQC's tables: columns of its general statistics, and the labels one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.reasons import STATUS_ORDER, Status
from gem_assets.qc.sentences import probability
from gem_assets.report.cards import FLAGGED
from gem_assets.report.charts.style import STATUS_COLOURS
from gem_assets.report.charts.words import or_else
from gem_assets.report.multiqc.words import STATUS_NAMES, sample_name, shown
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, stated_word, text_or_none

MAX_ROWS = 500
"""Rows of a table, the worst first: MultiQC's own ``max_table_rows``, beyond which it draws
distributions in place of a table."""

_PREDICTED = ("tissue", "cell_type", "sex")
"""Fields whose prediction is a column of the general statistics."""

_STATUS_COLUMN: Mapping[str, Any] = {
    "scale": False,
    # What passes, warns and fails has MultiQC's own colours, which a user may have changed.
    "cond_formatting_rules": {status: [{"s_eq": name}] for status, name in STATUS_NAMES.items()},
    "cond_formatting_colours": [
        {status: STATUS_COLOURS[status]} for status in (Status.UNCLEAR, Status.NOT_ASSESSED)
    ],
}


def general_statistics(given: ReportInput) -> dict[str, Any] | None:
    """Return columns of the general statistics, None if there is nothing to say of any sample.

    Nor is there of single cells, and groups of them: no other tool has rows of these.
    """
    if given.modality == "sc":
        return None
    columns = _columns(given)
    rows = {
        sample_name(sample): {
            key: values[sample] for key, (_, values) in columns.items() if sample in values
        }
        for sample in _samples(given)
    }
    rows = {sample: row for sample, row in rows.items() if row}
    if not rows:
        return None
    by_whom = _by_whom(given)
    headers = {
        key: {
            **header,
            "title": f"{header['title']} ({given.dataset})",
            "description": f"{header['description']} {by_whom}",
        }
        for key, (header, _) in columns.items()
    }
    return {"plot_type": "generalstats", "headers": headers, "data": rows}


def _columns(given: ReportInput) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return the header of each column, and its value of each sample that has one."""
    columns: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    if given.labelled:
        samples, flagged = given.samples, given.verdicts[given.verdicts["status"].isin(FLAGGED)]
        columns["status"] = (
            {
                "title": "Label QC",
                "description": "Worst status of the sample's labels.",
                **_STATUS_COLUMN,
            },
            dict(zip(samples["sample_id"], samples["status"].map(STATUS_NAMES), strict=True)),
        )
        names = flagged["field"].map(field_words).groupby(flagged["sample_id"]).agg("; ".join)
        columns["flagged"] = (
            {
                "title": "Flagged labels",
                "description": "Fields whose label the expression contradicts or puts in doubt.",
                "scale": False,
            },
            {str(sample): fields for sample, fields in names.items()},
        )
    answers = given.predicted[given.predicted["predicted_id"].notna()]
    for field in _PREDICTED:
        found = answers[answers["field"].eq(field)]
        values = or_else(found["predicted_label"], found["predicted_id"])
        columns[field] = (
            {
                "title": f"Predicted {field_words(field)}",
                "description": f"Most probable {field_words(field)} by expression.",
                "scale": False,
                "hidden": field != "tissue",
            },
            {
                str(sample): shown(_sure(answer, p))
                for sample, answer, p in zip(
                    found["sample_id"], values, found["probability"], strict=True
                )
            },
        )
    if given.quality is not None:
        measures = given.quality.set_index("sample_id")
        of_one = {"min": 0, "max": 1, "format": "{:,.3f}", "scale": "YlGn", "hidden": True}
        for column, title, description in (
            ("matched_share", "Matched", "Share of the counts in genes that the model knows."),
            (
                "reconstruction_r",
                "Model fit",
                "Correlation of the counts with those that the model decodes from its latents.",
            ),
        ):
            columns[column] = (
                {"title": title, "description": description, **of_one},
                {str(sample): float(value) for sample, value in measures[column].dropna().items()},
            )
    return {key: column for key, column in columns.items() if column[1]}


def label_table(given: ReportInput) -> dict[str, Any] | None:
    """Return the labels, a row a sample: of each field a status, and what is stated and predicted.

    None where no label was stated.
    """
    if not given.labelled:
        return None
    rows: dict[str, dict[str, str]] = {sample: {} for sample in _samples(given)}
    verdicts = given.verdicts[given.verdicts["sample_id"].isin(rows)]
    for verdict in verdicts.to_dict("records"):
        row, field = rows[str(verdict["sample_id"])], str(verdict["field"])
        row[field] = STATUS_NAMES[str(verdict["status"])]
        row[f"{field}_words"] = shown(_words(verdict))
    headers: dict[str, dict[str, Any]] = {}
    for field in (f.name for f in FIELDS if verdicts["field"].eq(f.name).any()):
        name = field_words(field)
        headers[field] = {
            "title": name.capitalize(),
            "description": f"Status of the stated {name}.",
            **_STATUS_COLUMN,
        }
        headers[f"{field}_words"] = {
            "title": "stated → predicted",
            "description": f"The stated {name}, and the most probable one by expression.",
            "scale": False,
        }
    left_out = len(given.samples) - len(rows)
    return {
        "section_name": "Labels",
        "description": "Each stated label, and what the expression says of it, the worst first."
        + (
            f" {left_out:,} more {given.unit(left_out)} are in the report beside these files."
            if left_out
            else ""
        ),
        "plot_type": "table",
        "pconfig": {
            "col1_header": given.unit.one.capitalize(),
            "no_violin": True,
            "sort_rows": False,
        },
        "headers": headers,
        "data": {sample_name(sample): row for sample, row in rows.items() if row},
    }


def _words(verdict: Mapping[Any, Any]) -> str:
    predicted = text_or_none(verdict["predicted_label"]) or text_or_none(verdict["predicted_id"])
    answer = _sure(predicted, verdict["p_top"]) if predicted else "no answer"
    reviewer = text_or_none(verdict["reviewed_by"])
    return f"{stated_word(verdict)} → {answer}" + (f"; reviewed by {reviewer}" if reviewer else "")


def _sure(answer: str, p: float) -> str:
    """Return an answer with its probability, where it has one."""
    return answer if pd.isna(p) else f"{answer} ({probability(float(p))})"


def _samples(given: ReportInput) -> list[str]:
    """Return the samples that a table has room for, the worst first."""
    if given.samples.empty:
        return [str(name) for name in given.predicted["sample_id"].unique()[:MAX_ROWS]]
    badness = given.samples["status"].map(STATUS_ORDER.index)
    worst = given.samples.assign(badness=badness).sort_values(
        "badness", ascending=False, kind="stable"
    )
    return [str(name) for name in worst["sample_id"].head(MAX_ROWS)]


def _by_whom(given: ReportInput) -> str:
    """Return the model, in few words: columns of many datasets lie side by side."""
    if given.predicted.empty:
        return ""
    served, version = (str(given.predicted[c].iloc[0]) for c in ("served_by", "model_version"))
    return shown(f"({version}{', which is not GEM-1' if served == 'embedded' else ''})")
