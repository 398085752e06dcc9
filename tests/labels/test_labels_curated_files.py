"""What is curated by hand is held to the ontologies: aliases, cell lines, traps and buckets."""

from __future__ import annotations

import gzip

import pytest

from gem_assets.labels.aliases import check_aliases, curated_aliases, find_alias
from gem_assets.labels.buckets import ADDED, STAGE_BUCKETS, TOO_WIDE, curated_buckets
from gem_assets.labels.cell_lines import (
    compact,
    curated_cell_lines,
    find_cell_line,
    founder,
    lineage,
    offspring,
)
from gem_assets.labels.fields import FIELD_BY_NAME
from gem_assets.labels.hierarchy import TRAPS, broader, narrower
from gem_assets.labels.ontology import (
    FoundBy,
    ancestors,
    descendants,
    find,
    is_deprecated,
    label_of,
    prefix_of,
)
from gem_assets.labels.spelling import fold
from gem_assets.problems import RefusedInputError

PRIMARY_CELLS = {"ASC diff", "HHSteC", "HSkMC"}
NOT_IN_THIS_CELLOSAURUS = {"ASC TERT1"}


def test_every_alias_names_a_live_term_of_its_field_by_the_label_it_states():
    for alias in curated_aliases():
        assert label_of(alias.term_id) == alias.term_label, alias
        assert not is_deprecated(alias.term_id), alias
        assert prefix_of(alias.term_id) in FIELD_BY_NAME[alias.field].ontologies, alias


def test_no_alias_repeats_what_the_ontology_says_already():
    for alias in curated_aliases():
        if alias.field == "cell_line":
            continue
        found = find(alias.text, FIELD_BY_NAME[alias.field].ontologies)
        says_so = found is not None and found.ids == (alias.term_id,)
        ambiguous = len(find_alias(alias.field, alias.text)) > 1
        assert not says_so or found.by is FoundBy.DEPRECATED or ambiguous, alias


def test_no_alias_overrules_an_exact_label():
    for alias in curated_aliases():
        found = find(alias.text, FIELD_BY_NAME[alias.field].ontologies)
        if found and found.by is FoundBy.LABEL and alias.field != "cell_line":
            assert all(fold(label_of(i) or "") != fold(alias.text) for i in found.ids), alias


def test_no_alias_is_listed_twice():
    rows = [(a.field, fold(a.text), a.term_id) for a in curated_aliases()]
    assert len(rows) == len(set(rows))


def test_the_words_known_to_fail_are_aliases():
    for word in ("whole blood", "peripheral blood", "skeletal muscle", "adrenal", "PFC"):
        assert len(find_alias("tissue", word)) == 1
    assert find_alias("disease", "COAD") == ("MONDO:0002271",)
    assert find_alias("tissue", "liver") == ()


def test_own_aliases_take_ids_and_labels_and_refuse_what_does_not_exist():
    checked = check_aliases(
        {"tissue": {"Biopsy  A": "uberon_0002107", "B": "kidney"}, "sex": {"1": "male"}}
    )
    assert checked == {
        "tissue": {"biopsy a": "UBERON:0002107", "b": "UBERON:0002113"},
        "sex": {"1": "male"},
    }
    with pytest.raises(RefusedInputError) as refusal:
        check_aliases(
            {
                "tisue": {"A": "liver"},
                "zzz": {},
                "tissue": {"A": "UBERON:9999999", "B": "no such thing"},
            }
        )
    message = str(refusal.value)
    assert "Did you mean 'tissue'?" in message
    assert "'zzz'" in message
    assert "'UBERON:9999999', which is no term of UBERON" in message
    assert "'no such thing'" in message


def test_every_curated_cell_line_exists_and_its_label_confirms_its_name():
    # Names whose label is spelled otherwise; the rest differ in case and punctuation at most.
    otherwise = {
        "BJ": "BJ [Human fibroblast]",
        "BJ hTERT+": "BJ1-hTERT",
        "BJ hTERT+ SV40 Large T+": "BJ-TERT/LT/ST",
        "BJ hTERT+ SV40 Large T+ RasG12V": "BJ-TERT/LT/ST/RASV12",
        "U-698": "U-698-M",
        "U-87 MG": "U-87MG ATCC",
        "U-87": "U-87MG ATCC",
        "U-251": "U-251MG",
        "U266": "U266B1",
        "NTERA-2 cl.D1": "NT2-D1",
        "293": "HEK293",
        "HEK": "HEK293",
        "293T": "HEK293T",
        "293FT": "HEK293-FT",
        "Jurkat clone E6-1": "Jurkat E6.1",
        "C3A": "Hep-G2/C3A",
        "C4-2": "LNCaP C4-2",
        "C4-2B": "LNCaP C4-2B",
        "Hep3B": "Hep 3B2.1-7",
        "H1299": "NCI-H1299",
        "H460": "NCI-H460",
        "H1975": "NCI-H1975",
        "RPE1": "hTERT-RPE1",
        "HME1": "hTERT-HME1",
        "HK-2": "HK-2 [Human kidney]",
        "16HBE": "16HBE14o-",
        "BE(2)-C": "SK-N-BE(2)-C",
        "BE2C": "SK-N-BE(2)-C",
        "SUM149": "SUM149PT",
        "MNNG/HOS": "MNNG/HOS Cl #5",
    }
    for line in curated_cell_lines():
        label = label_of(line.accession)
        assert label is not None, line
        if line.name in otherwise:
            assert label == otherwise[line.name], line
        else:
            assert compact(label) == compact(line.name), line


def test_curated_names_are_unique_even_without_punctuation():
    by_key: dict[str, str] = {}
    for line in curated_cell_lines():
        assert by_key.setdefault(compact(line.name), line.accession) == line.accession, line


def test_every_parent_exists_and_no_line_descends_from_itself():
    for line in curated_cell_lines():
        if line.parent_accession:
            assert label_of(line.parent_accession) is not None, line
            assert line.accession not in lineage(line.parent_accession), line
        assert founder(line.accession) in lineage(line.accession)


def test_a_line_has_one_parent_whatever_its_name():
    parents: dict[str, str | None] = {}
    for line in curated_cell_lines():
        assert parents.setdefault(line.accession, line.parent_accession) == line.parent_accession


def test_the_lines_of_the_protein_atlas_resolve(shared_data):
    with gzip.open(shared_data / "training" / "hpa_cell_line_nx.tsv.gz", "rt") as file:
        names = file.readline().rstrip("\n").split("\t")[1:70]
    assert len(names) == 69
    curated = {line.name: line.accession for line in curated_cell_lines()}
    assert set(names) - curated.keys() == PRIMARY_CELLS | NOT_IN_THIS_CELLOSAURUS
    for name in curated.keys() & set(names):
        assert find_cell_line(name).ids == (curated[name],)


@pytest.mark.parametrize(
    ("text", "accessions"),
    [
        ("k562", {"CVCL_0004"}),
        ("HEK-293", {"CVCL_0045"}),
        ("PC3", {"CVCL_0035"}),  # not Cellosaurus' own PC3
        ("HAP1", {"CVCL_Y019"}),  # the exact label, though HAP-1 exists too
        ("RS4;11", {"CVCL_0093"}),
        ("mTEC1", {"CVCL_0443", "CVCL_IN77"}),
        ("no such line", set()),
        ("---", set()),
    ],
)
def test_cell_lines_are_found_whatever_the_punctuation(text, accessions):
    found = find_cell_line(text)
    assert set(found.ids if found else ()) == accessions


def test_relatives_among_lines_know_each_other():
    bj, telomerase, ras = "CVCL_3653", "CVCL_C8QN", "CVCL_C8QQ"
    assert {bj, telomerase, ras} <= lineage(ras)
    assert ras in offspring(bj)
    assert founder(ras) == bj
    assert broader(ras) == lineage(ras)
    assert narrower(bj) == offspring(bj)
    assert lineage("CVCL_0004") == offspring("CVCL_0004") == {"CVCL_0004"}


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: label_of(trap.term))
def test_every_trap_is_in_the_ontology_and_is_cut(trap):
    assert trap.not_below in ancestors(trap.term), "UBERON has mended it: remove the trap"
    for term in list(descendants(trap.term))[:50]:
        assert trap.not_below not in broader(term)
        assert trap.term in broader(term)
    assert trap.term not in narrower(trap.not_below)
    assert trap.reason


def test_the_traps_are_the_measured_ones():
    pairs = {(label_of(t.term), label_of(t.not_below)) for t in TRAPS}
    assert pairs == {
        ("pituitary gland", "brain"),
        ("seminal vesicle", "testis"),
        ("uterine cervix", "uterus"),
        ("gallbladder", "bladder organ"),
    }


def test_the_buckets_are_the_librarys_lists_with_our_corrections():
    from cellxgene_ontology_guide.curated_ontology_term_lists import (
        get_curated_ontology_term_list as listed,
    )
    from cellxgene_ontology_guide.entities import CuratedOntologyTermList as Lists

    organs, cells = set(listed(Lists.ORGAN)), set(listed(Lists.CELL_SUBCLASS))
    assert (len(organs), len(cells)) == (28, 74)
    assert cells >= TOO_WIDE.keys()
    assert organs | cells - TOO_WIDE.keys() <= curated_buckets()
    assert all(label_of(bucket) for bucket in curated_buckets())
    assert [label_of(stage) for stage in STAGE_BUCKETS] == [
        "embryonic stage",
        "fetal stage",
        "pediatric stage",
        "adult stage",
    ]


def test_what_is_added_to_the_buckets_is_missing_from_the_library():
    added = {label_of(term): label_of(bucket) for term, (bucket, _) in ADDED.items()}
    assert added == {
        "cardiac muscle tissue": "heart",
        "mammary gland": "breast",
        "skeletal muscle organ, vertebrate": "skeletal muscle organ, vertebrate",
        "plasma cell": "B cell",
    }
    for term, (bucket, _) in ADDED.items():
        if term != bucket:
            assert bucket not in ancestors(term)
