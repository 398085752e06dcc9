"""Real cohorts, the embedded model and the rules together: known truths must come out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.embedded.model import BULK, load_model
from gem_assets.genes.alignment import align_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.labels.fields import field_of_api_name
from gem_assets.labels.sheet import read_sample_sheet
from gem_assets.labels.table import label_table
from gem_assets.qc.dataset_cause import dataset_cause
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.verdicts import judge

PROVENANCE = {
    "model_id": BULK,
    "model_version": "embedded-1",
    "served_by": "embedded",
    "predicted_at": pd.Timestamp("2026-01-02", tz="UTC"),
}


@dataclass
class Cohort:
    """Labels and answers of a cohort."""

    labels: pd.DataFrame
    metadata: pd.DataFrame
    probs: pd.DataFrame

    def verdicts(self, labels: pd.DataFrame | None = None) -> pd.DataFrame:
        given = self.labels if labels is None else labels
        return judge(given, self.metadata, self.probs, QcSettings())

    def relabelled(self, field: str, of: dict[str, str]) -> pd.DataFrame:
        """Return the labels with a field's label taken from another sample."""
        labels = self.labels.copy()
        stated = labels[labels["field"].eq(field)].set_index("sample_id")
        columns = ["provided_text", "provided_id", "provided_label"]
        for sample, source in of.items():
            row = labels["field"].eq(field) & labels["sample_id"].eq(sample)
            labels.loc[row, columns] = stated.loc[source, columns].tolist()
        return labels


@pytest.fixture(scope="module")
def bodymap(shared_data: Path) -> Cohort:
    folder = shared_data / "cohorts"
    frame = pd.read_csv(folder / "bodymap_counts.tsv.gz", sep="\t", index_col=0)
    counts = sparse.csr_array(frame.to_numpy(dtype=float).T)
    model = load_model(BULK)
    matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), counts)
    aligned = align_counts(matrix, GeneOrder(model.gene_ids))
    metadata, probs = [], []
    for sample, answer in zip(matrix.sample_ids, model.predict(aligned.counts), strict=True):
        for api_name, p in answer.classifier_probs.items():
            field = field_of_api_name(api_name)
            assert field is not None
            key = {"dataset": "bodymap", "sample_id": sample, "field": field.name, **PROVENANCE}
            metadata.append(
                {
                    **key,
                    "predicted_id": answer.metadata[api_name],
                    "predicted_label": None,
                    "value_number": None,
                }
            )
            probs.append({**key, "value": list(p), "probability": list(p.values())})
    labels = label_table("bodymap", read_sample_sheet(folder / "bodymap_samples.csv"))
    return Cohort(labels.to_pandas(), pd.DataFrame(metadata), pd.DataFrame(probs))


def failing(verdicts: pd.DataFrame, field: str) -> set[str]:
    rows = verdicts["field"].eq(field) & verdicts["status"].eq("fail")
    return set(verdicts.loc[rows, "sample_id"])


def test_the_mislabelled_adrenal_fails_and_nothing_else_does(bodymap: Cohort) -> None:
    verdicts = bodymap.verdicts()
    flagged = verdicts[verdicts["status"].eq("fail")]
    assert flagged[["sample_id", "field"]].to_numpy().tolist() == [["Adrenal", "tissue"]]
    assert flagged["predicted_label"].tolist() == ["lymph node"]


def test_exchanged_labels_fail_on_both_sides(bodymap: Cohort) -> None:
    tissues = bodymap.relabelled("tissue", {"Liver": "Brain", "Brain": "Liver"})
    assert failing(bodymap.verdicts(tissues), "tissue") == {"Adrenal", "Liver", "Brain"}
    sexes = bodymap.relabelled("sex", {"Testis": "Ovary", "Ovary": "Testis"})
    assert failing(bodymap.verdicts(sexes), "sex") == {"Testis", "Ovary"}


def test_a_shifted_sheet_is_one_finding_about_the_dataset(bodymap: Cohort) -> None:
    assert dataset_cause(bodymap.verdicts(), QcSettings()) is None
    samples = list(dict.fromkeys(bodymap.labels["sample_id"]))
    shifted = dict(zip(samples, samples[1:] + samples[:1], strict=True))
    cause = dataset_cause(bodymap.verdicts(bodymap.relabelled("tissue", shifted)), QcSettings())
    assert cause is not None
    assert cause.failed > 10
