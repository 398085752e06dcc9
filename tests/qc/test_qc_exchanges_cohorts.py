"""Exchanges and shifts planted in real cohorts, as the embedded model sees them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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
from gem_assets.qc.adjustments import adjust
from gem_assets.qc.answers import FieldAnswers, field_answers
from gem_assets.qc.exchanges import Exchange, find_exchanges
from gem_assets.qc.label_fit import LabelFits, label_fits
from gem_assets.qc.partners import with_partners
from gem_assets.qc.settings import QcSettings
from gem_assets.qc.shifts import find_shifts
from gem_assets.qc.verdicts import judge

SETTINGS = QcSettings()
LABEL = ["provided_text", "provided_id", "provided_label", "resolution"]


@dataclass
class Judged:
    """What relabelled samples come to."""

    fits: LabelFits
    verdicts: pd.DataFrame

    @property
    def failing(self) -> set[str]:
        return set(self.verdicts.loc[self.verdicts["status"].eq("fail"), "sample_id"])

    def exchanges(self) -> list[Exchange]:
        return find_exchanges(self.fits, self.verdicts)


@dataclass
class Cohort:
    """Labels of one field, in the order of the sheet, and what the model answered."""

    labels: pd.DataFrame
    metadata: pd.DataFrame
    probs: pd.DataFrame
    answers: dict[str, FieldAnswers]

    @property
    def samples(self) -> list[str]:
        return self.labels["sample_id"].tolist()

    def judged(self, of: dict[str, str]) -> Judged:
        """Judge the labels with some taken from another sample."""
        labels = self.labels.copy()
        stated = labels.set_index("sample_id")[LABEL]
        labels[LABEL] = stated.loc[[of.get(one, one) for one in self.samples]].to_numpy()
        verdicts = adjust(judge(labels, self.metadata, self.probs, SETTINGS), SETTINGS, None)
        fits = label_fits(labels, self.metadata, self.probs, SETTINGS, answers=self.answers)
        return Judged(fits, with_partners(verdicts, fits))

    def shifted(self, rows: int) -> Judged:
        names = self.samples
        return self.judged({one: names[(i - rows) % len(names)] for i, one in enumerate(names)})


def cohort(folder: Path, names: tuple[str, ...], field: str, without: frozenset[str]) -> Cohort:
    model = load_model(BULK)
    labels, metadata, probs = [], [], []
    for name in names:
        frame = pd.read_csv(folder / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
        samples = tuple(f"{name}:{sample}" for sample in frame.columns)
        counts = sparse.csr_array(frame.to_numpy(dtype=float).T)
        matrix = CountMatrix(samples, tuple(frame.index), counts)
        aligned = align_counts(matrix, GeneOrder(model.gene_ids))
        for sample, answer in zip(samples, model.predict(aligned.counts), strict=True):
            for api_name, p in answer.classifier_probs.items():
                known = field_of_api_name(api_name)
                if known is None or known.name != field or sample in without:
                    continue
                key = {
                    "dataset": "cohort",
                    "sample_id": sample,
                    "field": field,
                    "model_id": BULK,
                    "model_version": "embedded-1",
                    "served_by": "embedded",
                    "predicted_at": pd.Timestamp("2026-01-02", tz="UTC"),
                }
                values = {"predicted_id": answer.metadata[api_name], "value_number": None}
                metadata.append({**key, **values, "predicted_label": None})
                probs.append({**key, "value": list(p), "probability": list(p.values())})
        sheet = label_table("cohort", read_sample_sheet(folder / f"{name}_samples.csv"))
        labels.append(
            sheet.to_pandas().assign(sample_id=lambda t, n=name: n + ":" + t["sample_id"])
        )
    stated = pd.concat(labels, ignore_index=True)
    stated = stated[stated["field"].eq(field) & ~stated["sample_id"].isin(without)]
    answered = pd.DataFrame(metadata), pd.DataFrame(probs)
    answers = {field: field_answers(field, *answered)}
    return Cohort(stated.reset_index(drop=True), *answered, answers)


@pytest.fixture(scope="module")
def tissues(shared_data: Path) -> Cohort:
    """Body Map and Castle pooled, without the Body Map adrenal, which is lymph node."""
    mislabelled = frozenset({"bodymap:Adrenal"})
    return cohort(shared_data / "cohorts", ("bodymap", "castle"), "tissue", mislabelled)


@pytest.fixture(scope="module")
def sexes(shared_data: Path) -> Cohort:
    """GEUVADIS, whose sheet is sorted by sex."""
    return cohort(shared_data / "cohorts", ("geuvadis_lcl",), "sex", frozenset())


def unrelated_pairs(fits: LabelFits) -> list[tuple[str, str]]:
    fit = fits.fields["tissue"]
    return [
        (str(fits.samples[i]), str(fits.samples[j]))
        for i, j in itertools.combinations(range(len(fits.samples)), 2)
        if min(fit.code[i], fit.code[j]) >= 0 and fit.unlike[fit.code[i], fit.code[j]]
    ]


def test_exchanged_tissues_are_found_and_no_untouched_sample_fails(tissues: Cohort) -> None:
    pairs = unrelated_pairs(tissues.judged({}).fits)
    assert len(pairs) > 300
    # Every fifth pair here; the benchmark of label errors does all of them.
    pairs = pairs[::5]
    found = swaps = 0
    for one, other in pairs:
        judged = tissues.judged({one: other, other: one})
        assert judged.failing <= {one, other}
        told = judged.exchanges()
        named = {sample for exchange in told for sample in exchange.sample_ids}
        assert named <= {one, other}
        found += len((judged.failing | named) & {one, other})
        swaps += any(exchange.kind == "swap" for exchange in told)
    assert found / (2 * len(pairs)) >= 0.98
    assert swaps / len(pairs) >= 0.98


def test_five_exchanged_sexes_are_one_group_of_ten(sexes: Cohort) -> None:
    rng = np.random.default_rng(0)
    women, men = np.array(sexes.samples[:41]), np.array(sexes.samples[41:])
    # Twenty repeats here; the benchmark of label errors does two hundred.
    for _ in range(20):
        some, others = rng.choice(women, 5, replace=False), rng.choice(men, 5, replace=False)
        of = dict(zip(some, others, strict=True)) | dict(zip(others, some, strict=True))
        judged = sexes.judged(of)
        assert judged.failing == set(of)
        (group,) = judged.exchanges()
        assert (group.kind, set(group.sample_ids)) == ("exchange_group", set(of))


@pytest.mark.parametrize("rows", [1, -1, 2, -2, 3, -3])
def test_shifted_tissues_are_named_as_a_shift(tissues: Cohort, rows: int) -> None:
    assert find_shifts(tissues.judged({}).fits) == []
    (shift,) = find_shifts(tissues.shifted(rows).fits)
    assert (shift.rows, shift.alone, shift.partly) == (rows, True, False)


def test_in_a_sheet_sorted_by_sex_a_shift_is_an_exchange_as_well(sexes: Cohort) -> None:
    judged = sexes.shifted(2)
    (shift,) = find_shifts(judged.fits)
    (group,) = judged.exchanges()
    assert (shift.rows, shift.alone) == (2, False)
    assert set(group.sample_ids) == shift.contradicted == judged.failing


def test_in_a_shuffled_sheet_a_shift_of_sexes_is_a_shift(sexes: Cohort) -> None:
    shuffled = Cohort(
        sexes.labels.sample(frac=1, random_state=1, ignore_index=True),
        sexes.metadata,
        sexes.probs,
        sexes.answers,
    )
    for rows in (1, 2, 3):
        (shift,) = find_shifts(shuffled.shifted(rows).fits)
        assert (shift.rows, shift.alone) == (rows, True)


def test_three_tissues_that_went_round_are_a_ring_and_no_two_of_them_a_swap(
    tissues: Cohort,
) -> None:
    apart = set(unrelated_pairs(tissues.judged({}).fits))
    rng = np.random.default_rng(0)
    # Prostate and Breast are not what the model says of them before anything is exchanged.
    samples = [one for one in tissues.samples if not one.endswith(("Prostate", "Breast"))]
    told = []
    while len(told) < 25:
        a, b, c = (str(one) for one in rng.choice(samples, 3, replace=False))
        if not all((x, y) in apart or (y, x) in apart for x, y in ((a, b), (b, c), (a, c))):
            continue
        found = tissues.judged({a: b, b: c, c: a}).exchanges()
        assert not any(one.reason == "mutual_pair" for one in found)
        told.append([(one.reason, set(one.sample_ids)) for one in found] == [("cycle", {a, b, c})])
    assert sum(told) >= 24
