"""How far to trust the report: who predicted, how sure that is, and what it cannot see."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gem_assets.labels.fields import FIELDS
from gem_assets.qc.calibration import Calibration
from gem_assets.qc.history import flagged_rate
from gem_assets.qc.open_findings import open_verdicts
from gem_assets.qc.reasons import Status
from gem_assets.report.cards import FLAGGED
from gem_assets.report.report_input import ReportInput
from gem_assets.report.words import field_words, share

_SERVED = {
    "embedded": "the embedded demonstration model, which is not GEM-1",
    "hosted": "Synthesize Bio's hosted endpoint",
    "self_hosted": "a self-hosted GEM container",
}


def provenance(given: ReportInput) -> str:
    """Return who predicted, when, and whether the probabilities are calibrated."""
    predicted = given.predicted
    if predicted.empty:
        return "No predictions."
    first = predicted.iloc[0]
    served = _SERVED.get(str(first["served_by"]), str(first["served_by"]))
    at = pd.Timestamp(predicted["predicted_at"].max()).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"Predicted by {served}: {first['model_id']}, version {first['model_version']}, {at}. "
        f"{_calibrated(given.calibrations)}"
    )


def is_embedded(given: ReportInput) -> bool:
    """Return whether the predictions are the demonstration model's."""
    return bool((given.predicted["served_by"] == "embedded").any())


def rate(given: ReportInput) -> str | None:
    """Return the share of flagged samples with its Wilson interval; None if none was judged.

    What was reviewed is told beside it and does not count.
    """
    judged = int(given.samples["status"].ne(str(Status.NOT_ASSESSED)).sum())
    flagged = given.samples.loc[given.samples["status"].isin(FLAGGED), "sample_id"]
    still_open = int(flagged.isin(open_verdicts(given.verdicts)["sample_id"]).sum())
    value, low, high = flagged_rate(still_open, judged)
    if value is None or low is None or high is None:
        return None
    reviewed = len(flagged) - still_open
    # Of many samples the interval is narrower than a percent.
    told = share if share(low) != share(high) else "{:.1%}".format
    return (
        f"{still_open:,} of {judged:,} judged are flagged"
        f"{' and not reviewed' if reviewed else ''}: "
        f"{told(value)} (95 % Wilson interval {told(low)} to {told(high)})."
        + (f" {reviewed} more {'was' if reviewed == 1 else 'were'} reviewed." if reviewed else "")
    )


def calibration_sentences(given: ReportInput) -> tuple[tuple[str, str], ...]:
    """Return the sentences on the calibration, each with the fields that it is about."""
    fields: dict[str, list[str]] = {}
    for field in FIELDS:
        if field.name in given.calibrations:
            sentence = given.calibrations[field.name].sentence
            fields.setdefault(sentence, []).append(field_words(field.name))
    return tuple((", ".join(names), sentence) for sentence, names in fields.items())


def blind_spots(given: ReportInput) -> tuple[str, ...]:
    """Return what no report of this kind can see."""
    spots = [
        "A swap between two samples of the same stated tissue and sex: their labels fit either "
        "way.",
        "Anything that is not in the model's vocabulary, and fields that it does not answer.",
    ]
    if not _all_calibrated(given.calibrations):
        spots.append(
            "How often it is right: probabilities are the model's own, and uncalibrated until "
            "enough randomly chosen labels are reviewed."
        )
    if is_embedded(given):
        spots.append(
            "The embedded model is small. It has no evidence base for disease, age or "
            "developmental stage, and does not answer them."
        )
    return tuple(spots)


def _calibrated(calibrations: Mapping[str, Calibration]) -> str:
    fitted = [name for name, one in calibrations.items() if one.temperature is not None]
    if not fitted:
        return "Probabilities are uncalibrated."
    if len(fitted) == len(calibrations):
        return "Probabilities are calibrated."
    names = ", ".join(map(field_words, fitted))
    return f"Probabilities are calibrated for {names}, and uncalibrated for the other fields."


def _all_calibrated(calibrations: Mapping[str, Calibration]) -> bool:
    return bool(calibrations) and all(one.temperature is not None for one in calibrations.values())
