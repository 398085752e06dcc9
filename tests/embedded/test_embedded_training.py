"""The weights come from the named reference files, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gem_assets.embedded import train
from gem_assets.embedded.model import BULK, load_model
from gem_assets.embedded.training.gene_orders import bulk_gene_order, single_cell_gene_order
from gem_assets.embedded.training.references import (
    REFERENCE_FILES,
    References,
    misplaced_genes,
    read_references,
)
from gem_assets.embedded.training.sample_types import cross_validate, fit_sample_type
from gem_assets.embedded.training.selection import leave_one_source_out, settings_table
from gem_assets.embedded.vocabulary import BLOOD
from gem_assets.embedded.weights import WEIGHTS, load_arrays

EMBEDDED = Path(train.__file__).parent


@pytest.fixture(scope="module")
def training(shared_data: Path) -> Path:
    return shared_data / "training"


@pytest.fixture(scope="module")
def references(training: Path) -> References:
    return read_references(training)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few libraries a class, so that training takes seconds."""
    for name in ("TISSUE", "CELL_LINE", "CELL_TYPE", "CELL"):
        monkeypatch.setattr(train, name, replace(getattr(train, name), per_class=3, markers=20))
    monkeypatch.setattr("gem_assets.embedded.training.sample_types.PER_CLASS", 30)
    few = [replace(train.TISSUE, per_class=3, markers=20)]
    monkeypatch.setattr(train, "leave_one_source_out", lambda r: leave_one_source_out(r, few))
    monkeypatch.setattr(train, "cross_validate", lambda r: cross_validate(r, [0.1], folds=2))


@pytest.mark.usefixtures("quick")
def test_training_opens_its_reference_files_and_no_cohort(
    training: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    opened_files: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    with opened_files() as opened:
        train.main(["--references", str(training), "--weights", str(tmp_path), "--select"])
    data = {Path(name) for name in opened if Path(name).is_relative_to(training.parent)}
    assert data == {training / name for name in REFERENCE_FILES.values()}
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        p.name for p in WEIGHTS.glob("*.npz")
    )
    # The shape of the weights does not depend on how many libraries were simulated.
    for written in tmp_path.iterdir():
        old, new = load_arrays(WEIGHTS / written.name), load_arrays(written)
        assert {g: set(a) for g, a in old.items()} == {g: set(a) for g, a in new.items()}
        assert np.array_equal(old["order"]["genes"], new["order"]["genes"])
    printed = capsys.readouterr().out
    assert printed.count("\n| ") == 1
    assert "sample type, C = 0.1" in printed


def test_no_training_code_names_a_cohort() -> None:
    sources = [EMBEDDED / "train.py", *sorted((EMBEDDED / "training").glob("*.py"))]
    assert len(sources) > 5
    thresholds = sorted((EMBEDDED.parent / "qc").glob("threshold_*.py"))
    assert len(thresholds) == 2
    sources += thresholds
    words = ("cohort", "bodymap", "body map", "castle", "geuvadis", "lncap", "onek1k", "celltypist")
    named = {
        (source.name, word)
        for source in sources
        for word in words
        if word in source.read_text(encoding="utf-8").lower()
    }
    assert named == set()


def test_the_sample_type_can_be_trained_anew(references: References) -> None:
    shipped = load_model(BULK).sample_type
    assert shipped is not None
    anew = fit_sample_type(references, np.random.default_rng(train.SEED))
    assert anew.classes == shipped.classes
    np.testing.assert_allclose(anew.coefficients, shipped.coefficients, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(anew.intercept, shipped.intercept, rtol=1e-3, atol=1e-3)
    assert len(anew.cycle) == len(shipped.cycle)


def test_the_shipped_model_knows_the_profiles_it_was_trained_on(references: References) -> None:
    model = load_model(BULK)
    positions = {gene: i for i, gene in enumerate(model.gene_ids)}
    columns = [positions[gene] for gene in references.gene_ids]
    profiles, terms = references.tissues(train.TISSUE_SOURCES)
    counts = np.zeros((len(profiles), model.n_genes))
    counts[:, columns] = np.rint(profiles * 20)
    right = [
        p.metadata["tissue_ontology_id"] == term
        for p, term in zip(model.predict(counts), terms, strict=True)
    ]
    assert np.mean(right) > 0.97


def test_references_are_on_one_scale(references: References) -> None:
    for table in references.tables.values():
        np.testing.assert_allclose(table.sum(), 1e6)
        assert np.isfinite(table.to_numpy()).all()
    counts, gtex = references.tables["hpa_counts"]["Liver"], references.tables["gtex_tpm"]["Liver"]
    both = (counts > 20) & (gtex > 20)
    assert abs(np.log(gtex[both] / counts[both]).median()) < 0.5


def test_genes_with_a_zero_in_gtex_are_the_misplaced_ones() -> None:
    table = pd.DataFrame({"Brain": [1686.9, 3.0], "Testis": [0.6, 1.0], "Vagina": [0.0, 2.0]})
    assert misplaced_genes(table.set_axis(["PRM1", "ACTB"])).tolist() == ["PRM1"]


def test_training_drops_what_gtex_has_under_wrong_tissues(
    training: Path, references: References
) -> None:
    file = pd.read_csv(training / REFERENCE_FILES["gtex_tpm"], sep="\t", index_col=0)
    held = references.tables["gtex_tpm"]
    for gene, wrong, right in (
        ("ENSG00000175646", "Brain", "Testis"),  # protamine 1
        ("ENSG00000122304", "Skin", "Testis"),  # protamine 2
        ("ENSG00000142515", "Esophagus", "Prostate"),  # prostate-specific antigen
        ("ENSG00000169344", "Brain", "Kidney"),  # uromodulin
        ("ENSG00000254647", "Cervix Uteri", "Pancreas"),  # insulin
    ):
        assert file.loc[gene].idxmax() == wrong
        assert held.loc[gene].idxmax() == right
    misplaced = held.index[references.misplaced]
    assert set(misplaced) == set(misplaced_genes(file)) & set(references.gene_ids)
    # Artery and nerve occur in GTEx only: there the genes speak for no tissue.
    artery, nerve = held.loc[misplaced, "Artery"], held.loc[misplaced, "Nerve"]
    np.testing.assert_allclose(artery / artery.sum(), nerve / nerve.sum())
    # The others are GTEx's own: a factor for the gene, one for the tissue, the file's value.
    sound = held.loc[~references.misplaced]
    factor = sound / file.loc[sound.index]
    of_tissue = factor["Liver"] / factor["Muscle"]
    np.testing.assert_allclose(of_tissue, of_tissue.iloc[0])


def test_settings_are_chosen_on_genes_that_both_sources_know(references: References) -> None:
    sound = references.independent()
    assert not sound.misplaced.any()
    assert 13_000 < len(sound.gene_ids) == len(references.gene_ids) - references.misplaced.sum()
    assert all(tuple(table.index) == sound.gene_ids for table in sound.tables.values())


def test_blood_is_a_tissue_by_its_pbmc(references: References) -> None:
    _, terms = references.tissues(["blood_nx"])
    assert terms.tolist() == [BLOOD]


def test_a_missing_reference_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hpa_tissue_counts"):
        read_references(tmp_path)


def test_the_shipped_gene_orders_follow_the_rule() -> None:
    assert load_model(BULK).gene_ids == bulk_gene_order()
    assert set(single_cell_gene_order()) - set(bulk_gene_order()) != set()


def test_weights_are_small_and_hold_no_pickle() -> None:
    files = sorted(WEIGHTS.glob("*.npz"))
    assert len(files) == 2
    assert sum(f.stat().st_size for f in files) < 6 * 2**20
    for file in files:
        assert load_arrays(file)


def test_the_committed_temperature_is_in_the_committed_table() -> None:
    (row,) = [
        line
        for line in (WEIGHTS / "TRAINING.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| 120 | 0.03 | 60 | 0.6 | 0.6, 0.5 |")
    ]
    assert float(row.split("|")[-3]) == train.TEMPERATURE
    assert next(settings_table([])).count("|") == row.count("|")
