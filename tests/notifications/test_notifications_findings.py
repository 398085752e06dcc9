"""What is told of a dataset: what is open, in few words, and whether it is anything new."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gem_assets.notifications import OpenFindings, open_findings_of
from gem_assets.notifications.findings import MOST_SAMPLES, NOT_GEM
from gem_assets.notifications.message import LONGEST_NAME

REPORT = Path("/results/reports/gem_bulk/lungs.html")


def found(
    statuses: dict[str, str],
    reviewed: tuple[str, ...] = (),
    served_by: str = "hosted",
    sentence: str = "It is liver.",
    report_url: str | None = None,
) -> OpenFindings:
    samples = pd.DataFrame(
        {"sample_id": list(statuses), "status": list(statuses.values()), "sentence": sentence}
    )
    verdicts = samples[["sample_id", "status"]].assign(
        reviewed_by=["kim" if sample in reviewed else None for sample in statuses],
        served_by=served_by,
    )
    return open_findings_of("gem_bulk/lungs", samples, verdicts, REPORT, report_url)


def test_a_message_names_dataset_headline_samples_and_report() -> None:
    told = found({"S1": "pass", "S2": "warn", "S3": "fail", "S4": "fail"}, reviewed=("S4",))
    assert told.message is not None
    assert told.message.text().splitlines() == [
        "gem_bulk/lungs: 2 samples to look at",
        "2 of 4 samples contradict their label; 1 looks doubtful; 1 agrees.",
        "1 of 3 flagged labels is reviewed; 2 are open.",
        "• S3: It is liver.",
        "• S2: It is liver.",
        "Report: /results/reports/gem_bulk/lungs.html",
    ]


def test_a_report_that_is_served_is_told_by_its_address() -> None:
    told = found({"S1": "fail"}, report_url="https://qc.lab/gem_bulk/lungs.html").message
    assert told is not None
    assert told.text().splitlines()[-1] == "Report: https://qc.lab/gem_bulk/lungs.html"
    assert str(REPORT) not in told.text()


def test_what_is_reviewed_is_not_told() -> None:
    assert found({"S1": "fail"}, reviewed=("S1",)) == OpenFindings("", None)
    assert found({"S1": "pass", "S2": "unclear"}) == OpenFindings("", None)
    assert found({}) == OpenFindings("", None)


def test_predictions_of_the_embedded_model_say_that_they_are_not_of_gem() -> None:
    told = found({"S1": "fail"}, served_by="embedded").message
    assert told is not None
    assert told.note == NOT_GEM
    assert told.text().splitlines()[1] == NOT_GEM  # near the top: long messages are cut
    hosted = found({"S1": "fail"}).message
    assert hosted is not None
    assert "GEM" not in hosted.text()


def test_of_many_samples_the_first_are_named_and_the_others_counted() -> None:
    told = found({f"S{i}": "fail" for i in range(12)}).message
    assert told is not None
    assert sum(line.startswith("• ") for line in told.lines) == MOST_SAMPLES
    assert "and 7 more." in told.lines


def test_the_state_is_the_set_of_open_samples_and_nothing_else() -> None:
    state = found({"S1": "fail", "S2": "warn"}).state
    assert state
    assert found({"S2": "fail", "S1": "warn"}, sentence="Otherwise.").state == state
    assert found({"S1": "fail", "S2": "warn", "S3": "pass"}).state == state
    assert found({"S1": "fail", "S2": "pass"}).state != state
    assert found({"S1": "fail", "S3": "warn"}).state != state
    assert found({"S1S2": "fail"}).state != found({"S1": "fail", "S2": "fail"}).state


def test_a_name_of_the_user_stays_in_its_line() -> None:
    told = found({"S1\n• S9: all is well\x1b[31m" + "x" * 500: "fail"}).message
    assert told is not None
    [line] = [line for line in told.lines if line.startswith("• ")]
    assert line.startswith("• S1 • S9: all is well [31m")
    assert "\x1b" not in line
    assert len(line) < LONGEST_NAME + len("• : It is liver.") + 1
