"""Rows of the tables that verdicts are made from, as short as a test can state them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gem_assets.labels.ontology import label_of
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import judge

AT = pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
PROVENANCE = {
    "model_id": "gem-1-bulk_predict-metadata",
    "model_version": "embedded-1",
    "served_by": "embedded",
    "predicted_at": AT,
}

ADRENAL = "UBERON:0002369"
BLOOD = "UBERON:0000178"
BRAIN = "UBERON:0000955"
CEREBRAL_CORTEX = "UBERON:0000956"
CEREBELLUM = "UBERON:0002037"
HEART = "UBERON:0000948"
HIPPOCAMPUS = "UBERON:0002421"
LIVER = "UBERON:0002107"
LYMPH_NODE = "UBERON:0000029"
NERVOUS_SYSTEM = "UBERON:0001016"
ANATOMICAL_SYSTEM = "UBERON:0000467"
LNCAP = "CVCL_0395"
K562 = "CVCL_0004"


def stated(sample: str, field: str, term: str | None, resolution: str = "id") -> dict[str, object]:
    """Return a row of ``sample_labels``; several terms are joined by `` || ``."""
    terms = term.split(" || ") if term else []
    names = " || ".join(label_of(t) or t for t in terms)
    return {
        "dataset": "d",
        "sample_id": sample,
        "field": field,
        "provided_text": names or "saliva",
        "provided_id": term,
        "provided_label": names or None,
        "resolution": resolution,
    }


class Answers:
    """What a model answered: fills ``predicted_metadata`` and ``classifier_probs``."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, object]] = []
        self.probs: list[dict[str, object]] = []

    def probabilities(self, sample: str, field: str, p: Mapping[str, float]) -> Answers:
        ranked = sorted(p, key=lambda term: -p[term])
        self.named(sample, field, ranked[0])
        self.probs.append(
            {
                "dataset": "d",
                "sample_id": sample,
                "field": field,
                "value": ranked,
                "probability": [p[term] for term in ranked],
                **PROVENANCE,
            }
        )
        return self

    def named(self, sample: str, field: str, term: str | None) -> Answers:
        return self._add(sample, field, term, None)

    def number(self, sample: str, field: str, value: float) -> Answers:
        return self._add(sample, field, None, value)

    def _add(self, sample: str, field: str, term: str | None, value: float | None) -> Answers:
        self.metadata.append(
            {
                "dataset": "d",
                "sample_id": sample,
                "field": field,
                "predicted_id": term,
                "predicted_label": None if term is None else label_of(term) or term,
                "value_number": value,
                **PROVENANCE,
            }
        )
        return self

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        metadata = ["dataset", "sample_id", "field", "predicted_id", "predicted_label"]
        probs = ["dataset", "sample_id", "field", "value", "probability"]
        return (
            pd.DataFrame(self.metadata, columns=[*metadata, "value_number", *PROVENANCE]),
            pd.DataFrame(self.probs, columns=[*probs, *PROVENANCE]),
        )


def verdicts_on(
    labels: list[dict[str, object]],
    answers: Answers,
    settings: QcSettings | None = None,
    decoded_counts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the verdicts on the labels."""
    return judge(
        pd.DataFrame(labels, columns=list(stated("s", "sex", "male"))),
        *answers.tables(),
        settings or QcSettings(),
        decoded_counts=decoded_counts,
    )


def verdict_on(field: str, term: str | None, p: Mapping[str, float]) -> pd.Series:
    """Return the verdict on one label of one sample."""
    return verdicts_on([stated("s", field, term)], Answers().probabilities("s", field, p)).iloc[0]
