"""MultiQC's plots: samples by status and predicted value, and stated against predicted values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from gem_assets.labels.fields import FIELDS, FieldKind
from gem_assets.qc.reasons import STATUS_ORDER, Status
from gem_assets.report.charts.style import ACCENT, STATUS_COLOURS
from gem_assets.report.charts.words import fold_rare, or_else
from gem_assets.report.multiqc.words import STATUS_NAMES, shown
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, stated_words

MAX_VALUES = 25
"""Values of a field in a plot; rarer ones are counted as "other"."""

UNLABELLED = "no_label"
"""What a bar counts beside the statuses: samples without a label of the field."""


def status_bars(given: ReportInput) -> dict[str, Any] | None:
    """Return the samples by status: of each field's labels, then of each predicted value.

    None where nothing was predicted.
    """
    verdicts, answers = given.verdicts, _with_words(given.predicted_of_units)
    views: dict[str, dict[str, dict[str, int]]] = {}
    if given.labelled:
        views["labels"] = _counts(
            verdicts["field"].map(field_words),
            verdicts["status"],
            (field_words(field.name) for field in FIELDS),
        )
    for field in _fields_of(answers):
        of_field = answers[answers["field"].eq(field)]
        values = fold_rare(
            or_else(of_field["predicted_label"], of_field["predicted_id"]), MAX_VALUES
        )
        statuses = pd.Series(UNLABELLED, of_field["sample_id"], dtype=object)
        if given.labelled:
            judged = verdicts[verdicts["field"].eq(field)].set_index("sample_id")["status"]
            statuses = judged.reindex(statuses.index).fillna(UNLABELLED)
        views[f"predicted {field_words(field)}"] = _counts(
            values, statuses.set_axis(values.index), values.value_counts().index
        )
    if not views:
        return None
    units = given.unit.several
    return {
        "section_name": "Counts by status",
        "description": f"The {units} by the status of their labels, and by what was predicted.",
        "plot_type": "bargraph",
        "pconfig": {
            "data_labels": [{"name": name, "ylab": units} for name in views],
            "sort_samples": False,
            "ylab": units,
        },
        "categories": {
            **{
                status: {"name": STATUS_NAMES[status], "color": STATUS_COLOURS[status]}
                for status in reversed(STATUS_ORDER)
            },
            UNLABELLED: {"name": "no label", "color": ACCENT},
        },
        "data": list(views.values()),
    }


def value_heatmaps(given: ReportInput) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield, for each field with judged labels, the stated values against the predicted ones.

    Not where all are one value, and predicted as one.
    """
    if not given.labelled:
        return
    judged = _with_words(given.verdicts[given.verdicts["status"].ne(Status.NOT_ASSESSED)])
    for field in _fields_of(judged):
        rows = judged[judged["field"].eq(field)]
        stated = stated_words(rows)
        predicted = or_else(rows["predicted_label"], rows["predicted_id"])
        counts = pd.crosstab(fold_rare(stated, MAX_VALUES), fold_rare(predicted, MAX_VALUES))
        if counts.size == 1:
            continue  # the bars say it
        name = field_words(field)
        yield (
            field,
            {
                "section_name": f"Stated and predicted {name}",
                "description": f"Number of {given.unit.several} whose {name} was judged: a row for "
                "what is stated, a column for what is predicted. Two words may agree, where one "
                "is a part or a kind of the other.",
                "plot_type": "heatmap",
                "pconfig": {
                    "xlab": f"predicted {name}",
                    "ylab": f"stated {name}",
                    "zlab": given.unit.several,
                    "min": 0,
                    "colstops": [[0, "#ffffff"], [1, ACCENT]],
                    "square": False,
                    "tt_decimals": 0,
                    "display_values": True,
                    "xcats_samples": False,
                    "ycats_samples": False,
                    "cluster_rows": False,
                    "cluster_cols": False,
                },
                "xcats": [shown(str(value)) for value in counts.columns],
                "ycats": [shown(str(value)) for value in counts.index],
                "data": counts.to_numpy().tolist(),
            },
        )


def _with_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose prediction is a word."""
    numbers = [field.name for field in FIELDS if field.kind is FieldKind.NUMBER]
    return table[table["predicted_id"].notna() & ~table["field"].isin(numbers)]


def _fields_of(table: pd.DataFrame) -> list[str]:
    return [field.name for field in FIELDS if table["field"].eq(field.name).any()]


def _counts(
    bars: pd.Series, statuses: pd.Series, order: Iterable[object]
) -> dict[str, dict[str, int]]:
    """Return the number of rows of each bar by status, in an order of the bars."""
    counts = pd.crosstab(bars, statuses).to_dict(orient="index")
    return {
        shown(str(bar)): {str(status): int(n) for status, n in counts[str(bar)].items() if n}
        for bar in order
        if bar in counts
    }
