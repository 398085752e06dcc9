from __future__ import annotations

import pytest

from gem_assets.labels.ontology import ONTOLOGY_OF_PREFIX, load_ontology
from gem_assets.labels.term_labels import term_label


@pytest.mark.parametrize("name", ["UBERON", "CL", "HsapDv", "CVCL"])
def test_labels_are_those_of_the_whole_ontology(name: str) -> None:
    terms = load_ontology(name).terms
    ids = [term_id for term_id in terms if term_id.startswith(name)]
    assert ids
    assert {term_id: term_label(term_id) for term_id in ids} == {
        term_id: terms[term_id].get("label") for term_id in ids
    }


@pytest.mark.parametrize("term_id", ["UBERON:9999999", "EFO:0000400", "liver", ""])
def test_what_is_no_term_of_ours_has_no_label(term_id: str) -> None:
    assert term_label(term_id) is None


def test_every_ontology_of_ours_has_labels() -> None:
    for name in set(ONTOLOGY_OF_PREFIX.values()):
        assert any(term_label(term_id) for term_id in list(load_ontology(name).terms)[:50])
