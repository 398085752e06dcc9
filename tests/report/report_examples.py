"""Tables of a small dataset, and a page as a browser would read it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd

from gem_assets.qc.findings import findings_table
from gem_assets.report.report_input import ReportInput

PROVENANCE = {
    "model_id": "gem-1-bulk_predict-metadata",
    "model_version": "embedded-1",
    "served_by": "embedded",
    "predicted_at": pd.Timestamp("2026-01-02 03:04", tz="UTC"),
}


def report_input(
    n: int = 24, wrong: tuple[int, ...] = (1, 2, 5), names: dict[int, str] | None = None
) -> ReportInput:
    """Make the tables of a dataset of n samples whose stated sex is wrong in some."""
    ids = [(names or {}).get(i, f"S{i:03d}") for i in range(n)]
    other = {"male": "female", "female": "male"}
    samples, verdicts, predicted, probabilities, latents, markers = [], [], [], [], [], []
    rng = np.random.default_rng(0)
    for i, sample in enumerate(ids):
        row = {"dataset": "study", "sample_id": sample}
        stated = "female" if i % 2 else "male"
        found = other[stated] if i in wrong else stated
        status = "fail" if i in wrong else "pass"
        verdicts.append(
            row
            | {
                "field": "sex",
                "provided_text": stated,
                "provided_id": stated,
                "provided_label": stated,
                "predicted_id": found,
                "predicted_label": found,
                "status": status,
                "reason": "contradicts" if i in wrong else "same_term",
                "p_top": 0.99,
                "p_compatible": 0.01 if i in wrong else 0.99,
                "reviewed_by": None,
            }
            | PROVENANCE
        )
        verdicts.append(
            row
            | {
                "field": "disease",
                "provided_text": "normal",
                "provided_id": "PATO:0000461",
                "provided_label": "normal",
                "predicted_id": None,
                "predicted_label": None,
                "status": "not_assessed",
                "reason": "field_not_predicted",
                "p_top": np.nan,
                "p_compatible": np.nan,
                "reviewed_by": None,
            }
            | PROVENANCE
        )
        samples.append(
            row
            | {
                "status": status,
                "reasons": [],
                "sentence": f"Labelled {stated}; expression looks {found}.",
                "suggestion": f"Suggested sex: {found}." if i in wrong else None,
            }
        )
        predicted.append(
            row
            | {
                "field": "sex",
                "predicted_id": found,
                "predicted_label": found,
                "probability": 0.99,
            }
            | PROVENANCE
        )
        probabilities.append(
            row
            | {"field": "sex", "value": [found, other[found]], "probability": [0.99, 0.01]}
            | PROVENANCE
        )
        latents.append(row | {"space": "biological", "vector": rng.normal(size=6)} | PROVENANCE)
        is_male = found == "male"
        markers.append(
            {
                "sample_id": sample,
                "xist_cpm": 0.0 if is_male else 40.0,
                "chry_cpm": 31.5 if is_male else 0.1,
                "chry_genes_present": 7,
                "call": found,
                "sentence": f"Marker genes say {found}.",
            }
        )
    return ReportInput(
        dataset="study",
        modality="bulk",
        samples=pd.DataFrame(samples),
        verdicts=pd.DataFrame(verdicts),
        findings=findings_table("study", ()),
        predicted=pd.DataFrame(predicted),
        probabilities=pd.DataFrame(probabilities),
        latents=pd.DataFrame(latents),
        markers=pd.DataFrame(markers),
    )


class Page(HTMLParser):
    """What a browser would be told to fetch or to run, and the text that it would show.

    Attributes
    ----------
    tags, links
        Of all elements.
    text
        What is shown without running anything.
    policy
        The Content-Security-Policy.
    script, data
        What is run, and what it reads.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = self.policy = self.script = ""
        self.data: dict[str, Any] = {}
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v or "" for k, v in attrs if k in ("src", "href", "xlink:href", "data")]
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag in ("script", "style"):
            self._within = given.get("type") or tag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.script += data
        elif self._within == "application/json":
            self.data = json.loads(data)
        elif self._within != "style":
            self.text += data
