"""The ontologies as our rooms see them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.labels.ontology import (
    FoundBy,
    ancestors,
    canonical_id,
    descendants,
    distance_above,
    find,
    information_content,
    is_deprecated,
    label_of,
    load_ontology,
    prefix_of,
    replacement,
)
from gem_assets.labels.spelling import fold, singular, spellings

LIVER, BRAIN, HIPPOCAMPUS = "UBERON:0002107", "UBERON:0000955", "UBERON:0002421"


def test_a_term_has_a_label_and_an_unknown_id_has_none():
    assert label_of(LIVER) == "liver"
    assert label_of("CVCL_0030") == "HeLa"
    assert label_of("UBERON:9999999") is None
    assert label_of("EFO:0000400") is None
    assert label_of("liver") is None


@pytest.mark.parametrize(
    ("text", "term_id"),
    [
        ("UBERON:0002107", LIVER),
        (" uberon_0002107 ", LIVER),
        ("http://purl.obolibrary.org/obo/UBERON_0002107", LIVER),
        ("CVCL:0030", "CVCL_0030"),
        ("cvcl_a5cw", "CVCL_A5CW"),
        ("Cellosaurus:CVCL_0030", "CVCL_0030"),
        ("hsapdv:0000258", "HsapDv:0000258"),
        ("EFO:0000400", "EFO:0000400"),
        ("UBERON:liver", None),
        ("HMC-1", None),
        ("Sample_0001", None),
        ("", None),
    ],
)
def test_an_id_is_known_in_any_spelling(text, term_id):
    assert canonical_id(text) == term_id


@pytest.mark.parametrize("name", ["UBERON", "CL", "MONDO", "PATO", "HsapDv", "HANCESTRO", "CVCL"])
def test_every_id_of_an_ontology_is_canonical(name):
    assert all(canonical_id(term_id) == term_id for term_id in load_ontology(name).terms)


def test_an_ontology_of_nobody_is_refused():
    with pytest.raises(KeyError, match="no ontology of ours"):
        load_ontology("EFO")


def test_a_part_is_below_its_whole_and_every_term_is_at_or_below_itself():
    assert BRAIN in ancestors(HIPPOCAMPUS)
    assert HIPPOCAMPUS in descendants(BRAIN)
    assert LIVER in ancestors(LIVER)
    assert LIVER in descendants(LIVER)
    assert ancestors("no:thing") == descendants("no:thing") == {"no:thing"}


def test_descendants_are_the_inverse_of_ancestors():
    terms = load_ontology("CL").terms
    for term_id in list(terms)[::40]:
        below = {t for t, term in terms.items() if term_id in term["ancestors"]}
        assert descendants(term_id) == below | {term_id}


def test_distances_count_edges_upward():
    assert distance_above(LIVER, LIVER) == 0
    assert distance_above(HIPPOCAMPUS, BRAIN) == 2
    assert distance_above(LIVER, BRAIN) is None
    assert distance_above("no:thing", BRAIN) is None


@pytest.mark.parametrize(
    ("term_id", "label", "content"),
    [
        ("UBERON:0000467", "anatomical system", 0.013),
        ("CL:0000988", "hematopoietic cell", 0.19),
        (BRAIN, "brain", 0.21),
        ("MONDO:0004992", "cancer", 0.24),
        (LIVER, "liver", 0.55),
    ],
)
def test_information_content_has_the_measured_anchors(term_id, label, content):
    assert label_of(term_id) == label
    assert information_content(term_id) == pytest.approx(content, abs=0.006)


def test_information_content_runs_from_root_to_leaf_and_is_none_where_there_is_no_graph():
    assert information_content("UBERON:0001062") == pytest.approx(0, abs=0.001)
    assert information_content("UBERON:0011907") == 1
    assert information_content("CVCL_0030") is None
    assert information_content("UBERON:9999999") is None
    assert information_content("CL:0008030") is None
    assert information_content("male") is None


def test_retired_terms_lead_to_their_replacement_where_there_is_one():
    assert is_deprecated("MONDO:0007196")
    assert replacement("MONDO:0007196") == "MONDO:0001187"
    assert is_deprecated("CL:0008030")
    assert replacement("CL:0008030") is None
    assert not is_deprecated(LIVER)
    assert replacement(LIVER) is None
    assert replacement("UBERON:9999999") is None


def test_every_replacement_is_live():
    for name in ("UBERON", "CL", "MONDO"):
        for term_id in load_ontology(name).terms:
            if (following := replacement(term_id)) is not None:
                assert label_of(following) is not None
                assert not is_deprecated(following)


def test_text_finds_labels_before_synonyms_in_any_case_and_number():
    assert find("LIVER", ("UBERON",)).ids == (LIVER,)
    assert find("Prostate", ("UBERON",)).by is FoundBy.SYNONYM
    assert find("T  cells", ("CL",)).ids == ("CL:0000084",)
    assert find("naive_B-cells", ("CL",)).ids == ("CL:0000788",)
    assert find("excitatory neuron", ("CL",)).by is FoundBy.DEPRECATED
    assert len(find("RA", ("MONDO",)).ids) == 2
    assert find("no such thing", ("UBERON", "CL")) is None


def test_find_returns_ids_of_the_asked_prefixes_only():
    assert find("liver", ("CL", "MONDO")) is None or all(
        prefix_of(i) in ("CL", "MONDO") for i in find("liver", ("CL", "MONDO")).ids
    )
    assert prefix_of("liver") is None


def test_plurals_are_undone_where_english_is_plain():
    assert [singular(w) for w in ("biopsies", "t cells", "patches", "virus", "pelvis", "eyes")] == [
        "biopsy",
        "t cell",
        "patch",
        "virus",
        "pelvis",
        "eyes",
    ]


@given(st.text())
def test_finding_never_raises_and_spellings_are_folded_and_distinct(text):
    find(text, ("CL",))
    canonical_id(text)
    variants = list(spellings(text))
    assert len(variants) == len(set(variants))
    assert all(fold(variant) == variant for variant in variants[:1])


def test_importing_the_room_loads_no_ontology():
    code = (
        "import sys, gem_assets.labels.table, gem_assets.labels.relation;"
        "assert 'cellxgene_ontology_guide' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter
