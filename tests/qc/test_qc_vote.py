"""The three-way vote of label, prediction and marker genes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from gem_assets.counts.matrix import CountMatrix
from gem_assets.qc.tissue_levels import MarkerCounts, load_tissue_levels, marker_counts
from gem_assets.qc.vote import TissueVote, Vote, sex_vote, taken_tissues, tissue_vote

LIVER, BRAIN, MUSCLE = "UBERON:0002107", "UBERON:0000955", "UBERON:0001134"
ADRENAL, LYMPH_NODE = "UBERON:0002369", "UBERON:0000029"


def mixture(**shares: float) -> MarkerCounts:
    levels = load_tissue_levels()
    terms = {"liver": LIVER, "brain": BRAIN, "muscle": MUSCLE}
    rows = levels.middle / levels.middle.sum(axis=1, keepdims=True) * 1e6
    cpm = sum(share * rows[levels.row(terms[name])] for name, share in shares.items())
    return MarkerCounts(("s",), np.asarray(cpm)[None], np.ones(len(levels.gene_ids), dtype=bool))


def vote(counts: MarkerCounts, stated: str = LIVER, predicted: str = BRAIN) -> TissueVote:
    return tissue_vote(counts.cpm[0], counts, load_tissue_levels(), stated, predicted)


def test_the_body_map_adrenal_is_an_error_of_its_label(shared_data: Path) -> None:
    folder = shared_data / "cohorts"
    frame = pd.read_csv(folder / "bodymap_counts.tsv.gz", sep="\t", index_col=0)
    reads = sparse.csr_array(frame.to_numpy(dtype=float).T)
    matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), reads)
    counts = marker_counts(matrix, load_tissue_levels())
    row = counts.cpm[matrix.sample_ids.index("Adrenal")]
    found = tissue_vote(row, counts, load_tissue_levels(), ADRENAL, LYMPH_NODE)
    assert found.vote is Vote.LABEL_ERROR
    assert found.sentence.startswith(
        "The sample is not what its label says; markers agree with the prediction"
    )
    taken = taken_tissues(
        counts, load_tissue_levels(), {"Adrenal": ADRENAL}, {"Adrenal": LYMPH_NODE}
    )
    assert taken["Adrenal"] == LYMPH_NODE


def test_no_label_of_the_cohorts_but_the_adrenal_is_outvoted(shared_data: Path) -> None:
    """Whatever else is predicted of a sample, the markers never side against its true tissue."""
    levels, outvoted, asked = load_tissue_levels(), set(), 0
    for name in ("bodymap", "castle"):
        folder = shared_data / "cohorts"
        frame = pd.read_csv(folder / f"{name}_counts.tsv.gz", sep="\t", index_col=0)
        sheet = pd.read_csv(folder / f"{name}_samples.csv", index_col="sample_id")
        reads = sparse.csr_array(frame.to_numpy(dtype=float).T)
        matrix = CountMatrix(tuple(frame.columns), tuple(frame.index), reads)
        counts = marker_counts(matrix, levels)
        for row, sample in enumerate(matrix.sample_ids):
            stated = sheet["tissue_ontology_id"][sample]
            for predicted in sorted(set(sheet["tissue_ontology_id"]) - {stated}):
                asked += 1
                found = tissue_vote(counts.cpm[row], counts, levels, stated, predicted)
                if found.vote is Vote.LABEL_ERROR:
                    outvoted.add((name, sample))
    assert asked > 300
    assert outvoted == {("bodymap", "Adrenal")}


def test_markers_side_with_the_label_the_prediction_or_both() -> None:
    assert vote(mixture(liver=1)).vote is Vote.MODEL_ERROR
    assert vote(mixture(brain=1)).vote is Vote.LABEL_ERROR
    both = vote(mixture(liver=0.5, brain=0.5))
    assert both.vote is Vote.SAMPLE_ERROR
    assert "both the label and the prediction" in both.sentence


def test_markers_of_neither_or_between_the_thresholds_decide_nothing() -> None:
    neither = vote(mixture(muscle=1))
    assert neither.vote is Vote.UNDECIDED
    assert "few markers of either" in neither.sentence
    assert vote(mixture(liver=0.85, brain=0.15)).vote is Vote.UNDECIDED


@given(st.floats(0, 1))
def test_label_and_prediction_exchanged_exchange_their_errors(share: float) -> None:
    counts = mixture(liver=share, brain=1 - share)
    exchanged = {Vote.LABEL_ERROR: Vote.MODEL_ERROR, Vote.MODEL_ERROR: Vote.LABEL_ERROR}
    one, other = vote(counts).vote, vote(counts, BRAIN, LIVER).vote
    assert other is exchanged.get(one, one)


@pytest.mark.parametrize(
    ("stated", "predicted"),
    [(LIVER, LIVER), ("UBERON:0001898", BRAIN), ("UBERON:0000467", LIVER), (LIVER, "word")],
)
def test_terms_that_no_markers_tell_apart_give_no_decision(stated: str, predicted: str) -> None:
    found = vote(mixture(liver=1), stated, predicted)
    assert (found.vote, found.stated_level) == (Vote.UNDECIDED, None)
    assert "no marker genes" in found.sentence


def test_a_file_without_markers_or_reads_gives_no_decision() -> None:
    counts = mixture(liver=1)
    nothing = np.zeros_like(counts.present)
    assert "too few" in vote(MarkerCounts(("s",), counts.cpm, nothing)).sentence
    assert vote(MarkerCounts(("s",), counts.cpm * 0, counts.present)).vote is Vote.UNDECIDED


@pytest.mark.parametrize(
    ("stated", "predicted", "markers", "expected"),
    [
        ("male", "female", "female", Vote.LABEL_ERROR),
        ("male", "female", "male", Vote.MODEL_ERROR),
        ("male", "female", "unclear", Vote.UNDECIDED),
        ("male", "male", "female", Vote.UNDECIDED),
        ("pooled", "female", "male", Vote.UNDECIDED),
    ],
)
def test_the_sexes_vote_alike(stated: str, predicted: str, markers: str, expected: Vote) -> None:
    assert sex_vote(stated, predicted, markers) is expected


def test_a_sample_is_taken_for_what_it_is_called_unless_its_markers_object() -> None:
    levels = load_tissue_levels()
    brain = mixture(brain=1)
    taken = {
        key: taken_tissues(brain, levels, {"s": said}, {"s": seen})["s"]
        for key, said, seen in (
            ("wrong label", LIVER, BRAIN),
            ("wrong model", BRAIN, LIVER),
            ("no label", None, BRAIN),
            ("no prediction", LIVER, None),
            ("nothing", None, None),
        )
    }
    assert taken == {
        "wrong label": BRAIN,
        "wrong model": BRAIN,
        "no label": BRAIN,
        "no prediction": LIVER,
        "nothing": None,
    }


def test_a_failing_label_is_not_what_a_sample_is_taken_for_unless_its_markers_agree() -> None:
    levels = load_tissue_levels()
    neither, brain = mixture(muscle=1), mixture(brain=1)

    def taken(counts: MarkerCounts, said: str, seen: str, *failing: str) -> str | None:
        return taken_tissues(counts, levels, {"s": said}, {"s": seen}, failing)["s"]

    assert taken(neither, LIVER, BRAIN) == LIVER
    assert taken(neither, LIVER, BRAIN, "s") == BRAIN
    assert taken(brain, BRAIN, LIVER, "s") == BRAIN  # the prediction errs
