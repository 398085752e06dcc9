"""Ask the embedded models about real cohorts.

``python -m gem_assets.embedded.evaluate --cohorts FOLDER`` prints accuracy per field, with the
number of samples and every miss. Evaluation only: nothing measured here feeds back into training
or thresholds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gem_assets.counts.readers import read_counts
from gem_assets.embedded.model import BULK, SINGLE_CELL, SamplePrediction, load_model
from gem_assets.genes.alignment import align_counts
from gem_assets.genes.order import GeneOrder
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.relation import Relation, compatible_mask, relation, vocabulary_place
from gem_assets.labels.sheet import read_sample_sheet

BULK_COHORTS: tuple[str, ...] = ("bodymap", "castle", "lncap", "geuvadis_lcl")
"""``NAME_counts.tsv.gz`` and ``NAME_samples.csv`` in the folder of cohorts."""

CELL_COHORT = "onek1k_subset.h5ad"

CELL_LINEAGES: dict[str, str] = {
    "cd4nc": "CL:0000084",
    "bmem": "CL:0000236",
    "monoc": "CL:0000576",
    "mononc": "CL:0000576",
}
"""The cell cohort's own words -> lineage (T cell, B cell, monocyte): 1,000 genes tell no more."""

LEAST_PROBABILITY = 1e-4
CONTRADICTING_RATIO = 100.0
CONTRADICTED_PROBABILITY = 0.05
RIGHT_PROBABILITY = 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model said where a label is known.

    Attributes
    ----------
    cohort, sample_id, field, label
        Which sample, and its label: an ontology id or a word.
    predicted, p_top
        The likeliest value and its probability.
    p_compatible
        Probability of all values that agree with the label: it, narrower ones, and broader ones
        that are not too general.
    agrees
        Whether the likeliest value is the label's or agrees with it.
    contradicts
        Whether the label would be called wrong: the likeliest value is another organ's, at least
        a hundred times as probable as the label, and that is below 0.05.
    """

    cohort: str
    sample_id: str
    field: str
    label: str
    predicted: str
    p_top: float
    p_compatible: float
    agrees: bool
    contradicts: bool

    @property
    def right(self) -> bool:
        """Whether the likeliest value agrees, or at least half of the probability does."""
        return self.agrees or self.p_compatible >= RIGHT_PROBABILITY


def predict_file(
    path: Path, model_id: str, every: int = 1
) -> tuple[tuple[str, ...], list[SamplePrediction]]:
    """Return the ids of each ``every``-th sample of a counts file and a prediction for it."""
    model = load_model(model_id)
    matrix = read_counts(path).matrix
    alignment = align_counts(matrix, GeneOrder(model.gene_ids))
    return matrix.sample_ids[::every], list(model.predict(alignment.counts[::every]))


def judge(
    cohort: str, sample_id: str, prediction: SamplePrediction, field: str, label: str
) -> Judged | None:
    """Compare one answer with a label.

    None if the field was not answered, or if neither the label nor anything below or above it is
    among the model's classes.
    """
    answer = next(
        (
            prediction.classifier_probs[name]
            for name in FIELD_BY_NAME[field].api_names
            if name in prediction.classifier_probs
        ),
        None,
    )
    if answer is None:
        return None
    # A fixed order, for masks are remembered by their vocabulary.
    vocabulary = tuple(sorted(answer))
    place = vocabulary_place(label, vocabulary)
    if not (place.itself or place.below or place.above):
        return None
    probabilities = np.array([answer[value] for value in vocabulary])
    predicted, p_top = next(iter(answer.items()))
    related = relation(label, predicted, vocabulary)
    compatible = float(probabilities[compatible_mask(label, vocabulary)].sum())
    ratio = p_top / max(compatible, LEAST_PROBABILITY)
    return Judged(
        cohort=cohort,
        sample_id=sample_id,
        field=field,
        label=label,
        predicted=predicted,
        p_top=p_top,
        p_compatible=compatible,
        agrees=related
        in (
            Relation.SAME_TERM,
            Relation.PREDICTION_MORE_SPECIFIC,
            Relation.PREDICTION_MORE_GENERAL,
        ),
        contradicts=related is Relation.DIFFERENT
        and ratio >= CONTRADICTING_RATIO
        and compatible < CONTRADICTED_PROBABILITY,
    )


def judge_cohort(folder: Path, cohort: str) -> Iterator[Judged]:
    """Yield every labelled field of every sample of a bulk cohort that the model answered."""
    sample_ids, predictions = predict_file(folder / f"{cohort}_counts.tsv.gz", BULK)
    sheet = read_sample_sheet(folder / f"{cohort}_samples.csv").frame.set_index("sample_id")
    columns = {
        "tissue": "tissue_ontology_id",
        "cell_line": "cell_line_ontology_id",
        "sex": "sex",
        "sample_type": "sample_type",
    }
    for sample_id, prediction in zip(sample_ids, predictions, strict=True):
        for field, column in columns.items():
            if column in sheet.columns:
                label = str(sheet.loc[sample_id, column])
                judged = judge(cohort, sample_id, prediction, field, label)
                if judged is not None:
                    yield judged


def judge_wrong_labels(folder: Path, cohorts: Iterable[str]) -> Iterator[Judged]:
    """Yield each sample's tissue under every other label of its cohorts that does not agree.

    What is contradicted of these is the sensitivity; samples whose own label is contradicted are
    left out, for their truth is unknown.
    """
    samples = []
    for cohort in cohorts:
        sample_ids, predictions = predict_file(folder / f"{cohort}_counts.tsv.gz", BULK)
        sheet = read_sample_sheet(folder / f"{cohort}_samples.csv").frame.set_index("sample_id")
        labels = sheet.loc[list(sample_ids), "tissue_ontology_id"]
        samples += [(cohort, *s) for s in zip(sample_ids, predictions, labels, strict=True)]
    every_label = sorted({label for *_, label in samples})
    for cohort, sample_id, prediction, own in samples:
        truth = judge(cohort, sample_id, prediction, "tissue", own)
        if truth is None or truth.contradicts:
            continue
        for label in every_label:
            if relation(own, label, tuple(every_label)) is Relation.DIFFERENT:
                judged = judge(cohort, sample_id, prediction, "tissue", label)
                if judged is not None:
                    yield judged


def judge_cells(folder: Path, every: int = 1) -> Iterator[Judged]:
    """Yield the lineage of each ``every``-th cell of the single-cell cohort, where answered."""
    import anndata

    path = folder / CELL_COHORT
    labels = anndata.read_h5ad(path, backed="r").obs["cell_type"]
    for sample_id, prediction in zip(*predict_file(path, SINGLE_CELL, every), strict=True):
        lineage = CELL_LINEAGES[str(labels.loc[sample_id])]
        judged = judge("onek1k", sample_id, prediction, "cell_type", lineage)
        if judged is not None:
            yield judged


def accuracy_table(judged: Iterable[Judged]) -> pd.DataFrame:
    """Return n, right and contradicted labels per cohort and field."""
    rows = pd.DataFrame(
        [(j.cohort, j.field, j.right, j.contradicts) for j in judged],
        columns=["cohort", "field", "right", "contradicted"],
    )
    table = rows.groupby(["cohort", "field"], sort=False).agg(
        n=("right", "size"), right=("right", "sum"), contradicted=("contradicted", "sum")
    )
    return table.reset_index()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and the misses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=Path, required=True, help="folder of the cohorts")
    folder = parser.parse_args(arguments).cohorts
    judged = [j for cohort in BULK_COHORTS for j in judge_cohort(folder, cohort)]
    cells = list(judge_cells(folder))
    planted = list(judge_wrong_labels(folder, ("bodymap", "castle")))
    found = sum(j.contradicts for j in planted)
    lines = [accuracy_table([*judged, *cells]).to_string(index=False), ""]
    lines += [f"Wrong tissue labels contradicted: {found} of {len(planted)}", "", "Misses (bulk):"]
    lines += [
        f"{j.cohort} {j.sample_id}: {j.field} {j.label} predicted {j.predicted} "
        f"({j.p_top:.3f} against {j.p_compatible:.4f})"
        + (", contradicted" if j.contradicts else "")
        for j in judged
        if not j.right
    ]
    print("\n".join(lines))  # noqa: T201 - a script's output


if __name__ == "__main__":
    main()
