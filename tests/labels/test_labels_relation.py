"""How a provided and a predicted term relate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.labels.buckets import buckets_of, nearest_class, same_bucket
from gem_assets.labels.hierarchy import broader, narrower, too_general
from gem_assets.labels.ontology import ancestors, find, label_of, load_ontology
from gem_assets.labels.relation import (
    Relation,
    ancestor_mask,
    compatible_mask,
    descendant_mask,
    relation,
    vocabulary_place,
)


def uberon(*labels: str) -> tuple[str, ...]:
    return tuple(find(label, ("UBERON",)).ids[0] for label in labels)


def cl(*labels: str) -> tuple[str, ...]:
    return tuple(find(label, ("CL",)).ids[0] for label in labels)


TISSUES = uberon(
    *("liver", "kidney", "brain", "hippocampal formation", "cerebral cortex", "cerebellum"),
    *("pituitary gland", "testis", "seminal vesicle", "uterine cervix", "endometrium", "uterus"),
    *("gallbladder", "urinary bladder", "adrenal gland", "prostate gland", "lymph node"),
    *("tonsil", "skeletal muscle tissue", "heart", "blood", "colon", "small intestine", "breast"),
)
IMMUNE = cl(
    *("B cell", "naive B cell", "T cell", "CD4-positive, alpha-beta T cell", "regulatory T cell"),
    *("CD8-positive, alpha-beta T cell", "natural killer cell", "classical monocyte", "neutrophil"),
    *("non-classical monocyte", "plasmacytoid dendritic cell", "plasma cell", "basophil"),
)


def tissue_relation(provided: str, predicted: str) -> Relation:
    return relation(*uberon(provided, predicted), TISSUES)


@pytest.mark.parametrize(
    ("provided", "predicted", "expected"),
    [
        ("liver", "liver", Relation.SAME_TERM),
        ("brain", "hippocampal formation", Relation.PREDICTION_MORE_SPECIFIC),
        ("hippocampal formation", "brain", Relation.PREDICTION_MORE_GENERAL),
        ("cerebellum", "cerebral cortex", Relation.SAME_ORGAN),
        ("colon", "small intestine", Relation.SAME_ORGAN),
        ("cardiac muscle tissue", "heart", Relation.SAME_ORGAN),
        ("mammary gland", "breast", Relation.SAME_ORGAN),
        ("gastrocnemius", "skeletal muscle tissue", Relation.SAME_ORGAN),
        ("liver", "kidney", Relation.DIFFERENT),
        ("liver", "brain", Relation.DIFFERENT),
        ("adrenal gland", "lymph node", Relation.DIFFERENT),
        ("prostate gland", "testis", Relation.DIFFERENT),
        # the traps
        ("brain", "pituitary gland", Relation.DIFFERENT),
        ("pituitary gland", "cerebral cortex", Relation.DIFFERENT),
        ("testis", "seminal vesicle", Relation.DIFFERENT),
        ("uterus", "uterine cervix", Relation.DIFFERENT),
        ("endometrium", "uterine cervix", Relation.DIFFERENT),
        ("gallbladder", "urinary bladder", Relation.DIFFERENT),
    ],
)
def test_tissues_relate_as_measured(provided, predicted, expected):
    assert tissue_relation(provided, predicted) is expected


@pytest.mark.parametrize(
    ("provided", "predicted", "expected"),
    [
        ("T cell", "regulatory T cell", Relation.PREDICTION_MORE_SPECIFIC),
        (
            "CD4-positive, alpha-beta T cell",
            "CD8-positive, alpha-beta T cell",
            Relation.SAME_ORGAN,
        ),
        ("naive B cell", "plasma cell", Relation.SAME_ORGAN),
        ("classical monocyte", "non-classical monocyte", Relation.SAME_ORGAN),
        ("classical monocyte", "plasmacytoid dendritic cell", Relation.SAME_ORGAN),
        ("T cell", "B cell", Relation.DIFFERENT),
        ("T cell", "classical monocyte", Relation.DIFFERENT),
        ("natural killer cell", "neutrophil", Relation.DIFFERENT),
    ],
)
def test_immune_cells_are_not_all_one_kind(provided, predicted, expected):
    assert relation(*cl(provided, predicted), IMMUNE) is expected


def test_relatives_among_cell_lines_are_related():
    hek, hek_t, hela, u266_70 = "CVCL_0045", "CVCL_0063", "CVCL_0030", "CVCL_0015"
    lines = (hek, hek_t, hela, u266_70)
    assert relation(hek, hek_t, lines) is Relation.PREDICTION_MORE_SPECIFIC
    assert relation(hek_t, hek, lines) is Relation.PREDICTION_MORE_GENERAL
    assert relation("CVCL_C8QQ", "CVCL_6573", lines) is Relation.SAME_ORGAN
    assert relation(hek, hela, lines) is Relation.DIFFERENT
    assert nearest_class("CVCL_0016", lines) == u266_70
    assert nearest_class("CVCL_0004", lines) is None


def test_words_are_the_same_or_different():
    sexes = ("female", "male")
    assert relation("male", "male", sexes) is Relation.SAME_TERM
    assert relation("male", "female", sexes) is Relation.DIFFERENT
    assert list(descendant_mask("male", sexes)) == [False, True]
    assert not ancestor_mask("male", sexes).any()
    assert vocabulary_place("male", sexes).reachable
    assert nearest_class("neither", sexes) is None
    assert buckets_of("neither", sexes) == {"neither"}


def test_stages_of_development_have_broad_buckets():
    twenty, sixty, fetal = "HsapDv:0000114", "HsapDv:0000154", "HsapDv:0000046"
    assert same_bucket(twenty, sixty, ())
    assert not same_bucket(twenty, fetal, ())


def test_a_term_in_no_list_goes_with_its_nearest_related_class():
    adrenal, cortex, tonsil = uberon("adrenal gland", "adrenal cortex", "tonsil")
    assert buckets_of(adrenal, TISSUES) == {adrenal}
    assert buckets_of(cortex, TISSUES) == {adrenal}
    assert buckets_of(tonsil, TISSUES) == {tonsil}
    assert buckets_of(cortex, ()) == {cortex}
    assert buckets_of(cortex, uberon("liver")) == {cortex}


def test_a_broad_term_in_no_list_goes_with_the_bucket_of_its_nearest_class():
    limb = find("telencephalon", ("UBERON",)).ids[0]
    assert {label_of(b) for b in buckets_of(limb, TISSUES)} == {"brain"}
    (central,) = uberon("central nervous system")
    assert {label_of(b) for b in buckets_of(central, TISSUES)} == {"brain"}


def test_the_nearest_class_is_the_term_itself_then_its_whole_then_its_kin():
    liver, adrenal, cortex = uberon("liver", "adrenal gland", "adrenal cortex")
    muscle, calf = uberon("skeletal muscle tissue", "gastrocnemius medialis")
    assert nearest_class(liver, TISSUES) == liver
    assert nearest_class(cortex, TISSUES) == adrenal
    assert nearest_class(calf, TISSUES) == muscle
    assert nearest_class("MONDO:0004992", TISSUES) is None
    assert nearest_class(liver, ()) is None


def test_the_place_of_a_label_in_the_vocabulary_is_told():
    brain, cortex, lobule, lung = uberon("brain", "adrenal cortex", "liver lobule", "lung")
    place = vocabulary_place(brain, TISSUES)
    assert (place.itself, place.below, place.above) == (True, True, False)
    place = vocabulary_place(cortex, TISSUES)
    assert (place.itself, place.below, place.above) == (False, False, True)
    assert not place.reachable
    assert not place.outside
    assert vocabulary_place(lobule, TISSUES).above
    assert vocabulary_place(lung, TISSUES).outside


def test_labels_that_say_nothing_are_too_general():
    assert too_general("UBERON:0000467")
    assert not too_general("CL:0000988")
    assert not too_general("UBERON:0000955")
    assert too_general("UBERON:0000955", minimum=0.3)
    assert not too_general("CVCL_0030")
    assert not too_general("male")


def test_compatible_classes_are_those_below_and_those_above_that_say_something():
    system, brain, hippocampus, liver = uberon(
        "anatomical system", "brain", "hippocampal formation", "liver"
    )
    vocabulary = (system, brain, hippocampus, liver)
    assert list(compatible_mask(hippocampus, vocabulary)) == [False, True, True, False]
    assert list(compatible_mask(brain, vocabulary)) == [False, True, True, False]
    assert list(compatible_mask(hippocampus, vocabulary, 0.3)) == [False, False, True, False]


def test_masks_are_cached_and_can_not_be_spoiled():
    mask = descendant_mask(TISSUES[0], TISSUES)
    assert mask is descendant_mask(TISSUES[0], TISSUES)
    assert mask.shape == (len(TISSUES),)
    assert mask.dtype == np.bool_
    with pytest.raises(ValueError, match="read-only"):
        mask[0] = False


ANY_TERM = st.sampled_from(
    [
        *list(load_ontology("UBERON").terms)[::37],
        *list(load_ontology("CL").terms)[::23],
        *TISSUES,
        *IMMUNE,
        *("CVCL_0045", "CVCL_0063", "male", "no:thing"),
    ]
)


@given(ANY_TERM, ANY_TERM)
def test_relations_mirror_each_other(one, other):
    there, back = relation(one, other, TISSUES), relation(other, one, TISSUES)
    mirrored = {
        Relation.PREDICTION_MORE_SPECIFIC: Relation.PREDICTION_MORE_GENERAL,
        Relation.PREDICTION_MORE_GENERAL: Relation.PREDICTION_MORE_SPECIFIC,
    }
    assert back is mirrored.get(there, there)
    assert (there is Relation.SAME_TERM) == (one == other)


@given(ANY_TERM)
def test_masks_agree_with_the_hierarchy(term):
    vocabulary = (*TISSUES, *IMMUNE)
    below, above = descendant_mask(term, vocabulary), ancestor_mask(term, vocabulary)
    assert {c for c, m in zip(vocabulary, below, strict=True) if m} == narrower(term) & set(
        vocabulary
    )
    assert {c for c, m in zip(vocabulary, above, strict=True) if m} == (
        broader(term) & set(vocabulary)
    ) - {term}
    assert not (below & above).any()
    assert (compatible_mask(term, vocabulary) >= below).all()
    place = vocabulary_place(term, vocabulary)
    assert place.reachable == bool(below.any())
    assert place.above == bool(above.any())


@given(ANY_TERM)
def test_our_hierarchy_only_takes_away_from_the_ontologys(term):
    if not term.startswith("CVCL"):
        assert broader(term) <= ancestors(term)
    assert term in broader(term)
    assert buckets_of(term, TISSUES)
