"""The embedded models on real samples of known truth. Evaluation only."""

from __future__ import annotations

from pathlib import Path

import pytest

from gem_assets.embedded.evaluate import (
    BULK_COHORTS,
    Judged,
    accuracy_table,
    judge_cells,
    judge_cohort,
    judge_wrong_labels,
    main,
    predict_file,
)
from gem_assets.embedded.model import BULK


@pytest.fixture(scope="module")
def cohorts(shared_data: Path) -> Path:
    return shared_data / "cohorts"


@pytest.fixture(scope="module")
def judged(cohorts: Path) -> dict[str, list[Judged]]:
    return {name: list(judge_cohort(cohorts, name)) for name in BULK_COHORTS}


def of_field(judged: list[Judged], field: str) -> list[Judged]:
    return [j for j in judged if j.field == field]


def test_tissue_is_right_for_most_organs(judged: dict[str, list[Judged]]) -> None:
    tissues = of_field(judged["bodymap"] + judged["castle"], "tissue")
    assert len(tissues) == 27
    assert sum(j.right for j in tissues) >= 23


def test_the_mislabelled_adrenal_is_the_only_label_that_is_contradicted(
    judged: dict[str, list[Judged]],
) -> None:
    contradicted = [j for name in BULK_COHORTS for j in judged[name] if j.contradicts]
    assert [(j.cohort, j.sample_id, j.field) for j in contradicted] == [
        ("bodymap", "Adrenal", "tissue")
    ]
    (adrenal,) = contradicted
    assert adrenal.predicted == "UBERON:0000029"  # lymph node
    assert adrenal.p_compatible < 0.05


def test_a_breast_with_much_fat_is_doubted_at_most(judged: dict[str, list[Judged]]) -> None:
    (breast,) = [j for j in of_field(judged["bodymap"], "tissue") if j.sample_id == "Breast"]
    assert not breast.contradicts
    assert breast.p_compatible >= 0.05


def test_wrong_tissue_labels_are_contradicted(cohorts: Path) -> None:
    planted = list(judge_wrong_labels(cohorts, ("bodymap", "castle")))
    assert len(planted) > 400
    assert sum(j.contradicts for j in planted) / len(planted) >= 0.93


def test_no_tissue_is_called_a_cell_line(judged: dict[str, list[Judged]], cohorts: Path) -> None:
    assert all(j.predicted != "cell line" for j in of_field(judged["bodymap"], "sample_type"))
    _, castle = predict_file(cohorts / "castle_counts.tsv.gz", BULK)
    assert all(p.metadata["sample_type"] != "cell line" for p in castle)


def test_cell_lines_are_called_cell_lines(judged: dict[str, list[Judged]]) -> None:
    lymphoblastoid = of_field(judged["geuvadis_lcl"], "sample_type")
    assert len(lymphoblastoid) == 85
    assert sum(j.predicted == "cell line" for j in lymphoblastoid) >= 80
    # A warning needs a label below 0.2 while another value is above 0.5.
    assert all(j.p_compatible >= 0.2 for j in lymphoblastoid)
    prostate = of_field(judged["lncap"], "sample_type")
    assert sum(j.right for j in prostate) == 7


@pytest.mark.parametrize(("cohort", "n"), [("bodymap", 16), ("lncap", 7), ("geuvadis_lcl", 85)])
def test_sex_is_right(judged: dict[str, list[Judged]], cohort: str, n: int) -> None:
    sexes = of_field(judged[cohort], "sex")
    assert len(sexes) == n
    assert all(j.agrees for j in sexes)
    # A male liver has the least of Y; all others are sure enough to call a swap, 100 to 1.
    assert [j.sample_id for j in sexes if j.p_compatible < 0.99] in ([], ["Liver"])


def test_a_line_outside_the_vocabulary_is_not_judged_but_answered(
    judged: dict[str, list[Judged]], cohorts: Path
) -> None:
    assert of_field(judged["lncap"], "cell_line") == []
    _, predictions = predict_file(cohorts / "lncap_counts.tsv.gz", BULK)
    assert all("cell_line_ontology_id" in p.classifier_probs for p in predictions)


def test_fields_without_evidence_are_absent(cohorts: Path) -> None:
    for cohort in BULK_COHORTS[:2]:
        _, predictions = predict_file(cohorts / f"{cohort}_counts.tsv.gz", BULK)
        for prediction in predictions:
            assert set(prediction.metadata) == {"tissue_ontology_id", "sample_type", "sex"}


def test_single_cells_are_of_the_right_lineage(cohorts: Path) -> None:
    cells = list(judge_cells(cohorts, every=8))
    assert len(cells) > 900
    assert sum(j.right for j in cells) / len(cells) >= 0.9


def test_the_table_counts_samples_and_the_script_prints_it(
    judged: dict[str, list[Judged]],
    cohorts: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = accuracy_table(judged["bodymap"]).set_index("field")
    assert table.loc["tissue", "n"] == 16
    assert table.loc["tissue", "contradicted"] == 1
    # The cells take most of the time and are asked above.
    monkeypatch.setattr("gem_assets.embedded.evaluate.judge_cells", lambda _: [])
    main(["--cohorts", str(cohorts)])
    printed = capsys.readouterr().out
    assert "geuvadis_lcl" in printed
    assert "bodymap Adrenal: tissue UBERON:0002369 predicted UBERON:0000029" in printed
