"""What the embedded models answer, apart from how they are asked."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from gem_assets.embedded.model import (
    BULK,
    CHUNK,
    MODEL_IDS,
    SINGLE_CELL,
    DecodingOptions,
    EmbeddedModel,
    SamplePrediction,
    load_model,
)
from gem_assets.embedded.vocabulary import (
    CELL_LINES,
    CHROMOSOME_Y_MARKERS,
    IMMUNE_CELL_TYPES,
    TISSUES,
    XIST,
)
from gem_assets.genes.table import load_gene_table
from gem_assets.labels.ontology import is_deprecated, label_of

LIVER = "UBERON:0002107"
TISSUE = "tissue_ontology_id"
CELL_TYPE = "cell_type_ontology_id"


@pytest.fixture(scope="module")
def bulk() -> EmbeddedModel:
    return load_model(BULK)


@pytest.fixture(scope="module")
def single_cell() -> EmbeddedModel:
    return load_model(SINGLE_CELL)


def library(model: EmbeddedModel, coordinates: np.ndarray, depth: int, seed: int) -> np.ndarray:
    """Return counts of a library whose expected profile has these coordinates."""
    expected = model.latents.expected_fractions(coordinates[None, :])[0]
    return np.random.default_rng(seed).multinomial(depth, expected)


def answered(prediction: SamplePrediction) -> str:
    return json.dumps([prediction.metadata, prediction.classifier_probs, prediction.latents]) + str(
        prediction.counts.tolist()
    )


@pytest.mark.parametrize(("model_id", "length"), [(BULK, 44_592), (SINGLE_CELL, 37_125)])
def test_gene_orders_have_the_published_lengths_and_ascend(model_id: str, length: int) -> None:
    genes = load_model(model_id).gene_ids
    assert len(set(genes)) == len(genes) == length
    assert list(genes) == sorted(genes)
    assert set(genes) <= set(load_gene_table()["gene_id"])


def test_the_version_says_that_this_is_not_gem_1() -> None:
    assert {load_model(model_id).model_version for model_id in MODEL_IDS} == {"embedded-2"}


def test_an_unknown_model_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="gem-3"):
        load_model("gem-3")


def test_every_answerable_id_is_a_live_term() -> None:
    ids = [*TISSUES, *CELL_LINES.values(), *IMMUNE_CELL_TYPES.values()]
    assert len(set(ids)) == len(ids)
    assert [i for i in ids if label_of(i) is None or is_deprecated(i)] == []


def test_the_models_answer_nothing_outside_their_vocabulary(
    bulk: EmbeddedModel, single_cell: EmbeddedModel
) -> None:
    assert set(bulk.heads[TISSUE].classes) == set(TISSUES)
    assert set(bulk.heads["cell_line_ontology_id"].classes) == set(CELL_LINES.values())
    assert set(bulk.heads[CELL_TYPE].classes) == set(IMMUNE_CELL_TYPES.values())
    assert set(single_cell.heads) == {CELL_TYPE}


def test_the_bulk_example_is_seen_as_liver(bulk: EmbeddedModel) -> None:
    (prediction,) = bulk.predict(bulk.example_counts()[None, :])
    assert prediction.metadata[TISSUE] == LIVER
    assert prediction.metadata["sample_type"] == "primary tissue"
    # Nothing in the references speaks of these.
    assert not {"disease_ontology_id", "age_years", "developmental_stage"} & set(
        prediction.metadata
    )
    assert set(prediction.metadata) == set(prediction.classifier_probs)


def test_the_single_cell_example_is_seen_as_a_classical_monocyte(
    single_cell: EmbeddedModel,
) -> None:
    (prediction,) = single_cell.predict(single_cell.example_counts()[None, :])
    assert prediction.metadata == {CELL_TYPE: "CL:0000860"}
    probabilities = prediction.classifier_probs[CELL_TYPE]
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert "other" not in probabilities


def test_probabilities_are_ranked_and_sum_to_one(bulk: EmbeddedModel) -> None:
    (prediction,) = bulk.predict(bulk.example_counts()[None, :])
    for probabilities in prediction.classifier_probs.values():
        values = list(probabilities.values())
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("model_id", MODEL_IDS)
def test_an_answer_does_not_depend_on_its_neighbours(model_id: str) -> None:
    model = load_model(model_id)
    rng = np.random.default_rng(0)
    dimensions = len(model.latents.example)
    depth = 2_000_000 if model_id == BULK else 3_000
    batch = np.array(
        [library(model, rng.normal(size=dimensions), depth, seed) for seed in range(CHUNK + 5)]
    )
    options = DecodingOptions(seed=7)
    together = list(model.predict(sparse.csr_array(batch), options))
    for i in (0, 3, CHUNK - 1, CHUNK, CHUNK + 4):
        (alone,) = model.predict(batch[i : i + 1], options)
        assert answered(alone) == answered(together[i])
    backwards = list(model.predict(batch[::-1], options))[::-1]
    assert [answered(p) for p in backwards] == [answered(p) for p in together]


def test_the_seed_moves_the_decoded_counts_and_nothing_else(bulk: EmbeddedModel) -> None:
    counts = bulk.example_counts()[None, :]
    (one,) = bulk.predict(counts, DecodingOptions(seed=1))
    (again,) = bulk.predict(counts, DecodingOptions(seed=1))
    (other,) = bulk.predict(counts, DecodingOptions(seed=-1))
    assert answered(one) == answered(again)
    assert one.classifier_probs == other.classifier_probs
    assert one.latents == other.latents
    assert not np.array_equal(one.counts, other.counts)


def test_decoded_counts_have_the_asked_library_size(bulk: EmbeddedModel) -> None:
    counts = bulk.example_counts()[None, :]
    (as_sent,) = bulk.predict(counts)
    (asked,) = bulk.predict(counts, DecodingOptions(total_count=5_000_000))
    (few,) = bulk.predict(counts, DecodingOptions(total_count=1_000))
    assert as_sent.counts.sum() == counts.sum()
    assert asked.counts.sum() == 5_000_000
    assert few.counts.sum() == 1_000
    assert few.counts.shape == (bulk.n_genes,)


def test_deterministic_decoding_ignores_the_seed(bulk: EmbeddedModel) -> None:
    counts = bulk.example_counts()[None, :]
    (one,) = bulk.predict(counts, DecodingOptions(seed=1, deterministic=True))
    (other,) = bulk.predict(counts, DecodingOptions(seed=2, deterministic=True))
    assert np.array_equal(one.counts, other.counts)


def test_decoding_gives_back_what_was_encoded(bulk: EmbeddedModel) -> None:
    counts = bulk.example_counts()
    (prediction,) = bulk.predict(counts[None, :])
    log = [np.log1p(c / c.sum() * 1e6) for c in (counts, prediction.counts)]
    assert np.corrcoef(*log)[0, 1] > 0.97


def test_latents_are_numbers_and_the_perturbation_space_is_empty(bulk: EmbeddedModel) -> None:
    (prediction,) = bulk.predict(bulk.example_counts()[None, :])
    assert {space: len(v) for space, v in prediction.latents.items()} == {
        "biological": 48,
        "technical": 5,
        "perturbation": 0,
    }
    assert np.isfinite([x for vector in prediction.latents.values() for x in vector]).all()


@pytest.mark.parametrize("model_id", MODEL_IDS)
def test_an_empty_sample_gets_no_answer_at_all(model_id: str) -> None:
    model = load_model(model_id)
    (prediction,) = model.predict(np.zeros((1, model.n_genes), dtype=np.int64))
    assert prediction.metadata == {}
    assert prediction.classifier_probs == {}
    assert prediction.counts.sum() == 0
    assert np.isfinite(prediction.latents["biological"]).all()


def test_no_samples_give_no_predictions(bulk: EmbeddedModel) -> None:
    assert list(bulk.predict(sparse.csr_array((0, bulk.n_genes)))) == []


def test_counts_of_another_width_are_refused(bulk: EmbeddedModel) -> None:
    with pytest.raises(ValueError, match="37125 genes given"):
        list(bulk.predict(np.zeros((1, 37_125))))


def with_sex_genes(model: EmbeddedModel, xist: float, y: float) -> np.ndarray:
    """Return the example with these CPM of XIST and of each Y gene."""
    counts = model.example_counts()
    positions = {gene: i for i, gene in enumerate(model.gene_ids)}
    per_cpm = counts.sum() / 1e6
    counts[positions[XIST]] = round(xist * per_cpm)
    for gene in CHROMOSOME_Y_MARKERS.values():
        counts[positions[gene]] = round(y * per_cpm)
    return counts


@pytest.mark.parametrize(
    ("xist", "y", "sex", "least", "most"),
    [
        (0, 60, "male", 0.995, 1),
        (80, 0.2, "female", 0.995, 1),
        # XIST was filtered out: the few reads on Y still tell.
        (0, 1.5, "female", 0.995, 1),
        # A pool of donors.
        (80, 60, "male", 0.7, 0.81),
        (20, 5, "female", 0.7, 0.81),
        # Hardly any evidence.
        (2, 0, "female", 0.7, 0.8),
    ],
)
def test_sex_follows_the_absolute_expression_of_y(
    bulk: EmbeddedModel, xist: float, y: float, sex: str, least: float, most: float
) -> None:
    (prediction,) = bulk.predict(with_sex_genes(bulk, xist, y)[None, :])
    assert prediction.metadata["sex"] == sex
    assert least <= prediction.classifier_probs["sex"][sex] <= most


def test_without_xist_and_y_there_is_no_answer_about_sex(bulk: EmbeddedModel) -> None:
    (prediction,) = bulk.predict(with_sex_genes(bulk, 0, 0)[None, :])
    assert "sex" not in prediction.metadata
    assert "sex" not in prediction.classifier_probs


def test_a_cell_that_is_no_immune_cell_gets_no_cell_type(single_cell: EmbeddedModel) -> None:
    bulk = load_model(BULK)
    liver = dict(zip(bulk.gene_ids, bulk.example_counts().tolist(), strict=True))
    shares = np.array([liver.get(gene, 0) for gene in single_cell.gene_ids], dtype=float)
    cell = np.random.default_rng(1).multinomial(5_000, shares / shares.sum())
    (prediction,) = single_cell.predict(cell[None, :])
    assert prediction.metadata == {}


def test_a_sorted_sample_gets_its_cell_type(bulk: EmbeddedModel) -> None:
    single_cell = load_model(SINGLE_CELL)
    monocyte = dict(zip(single_cell.gene_ids, single_cell.example_counts().tolist(), strict=True))
    counts = np.array([monocyte.get(gene, 0) for gene in bulk.gene_ids]) * 1_000
    (prediction,) = bulk.predict(counts[None, :])
    assert prediction.metadata["sample_type"] == "primary cells"
    assert prediction.metadata[CELL_TYPE] == "CL:0000860"
    assert "cell_line_ontology_id" not in prediction.metadata


def test_predicting_needs_no_scikit_learn_and_no_network() -> None:
    code = (
        "import sys; from gem_assets.embedded.model import load_model, BULK; "
        "m = load_model(BULK); list(m.predict(m.example_counts()[None, :])); "
        "sys.exit(int(bool({'sklearn', 'httpx', 'pandas'} & set(sys.modules))))"
    )
    # The interpreter's own code, no user input.
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
