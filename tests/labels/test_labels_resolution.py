"""Resolving what a sheet says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.labels.fields import FIELD_BY_NAME, FIELDS
from gem_assets.labels.resolution import RESOLVED, Resolution, resolve_label
from gem_assets.labels.words import is_pooled_sex, parse_age, says_nothing


def resolve(field: str, text: str | None, id_text: str | None = None, **aliases: str):
    return resolve_label(FIELD_BY_NAME[field], text, id_text, aliases)


@pytest.mark.parametrize(
    ("field", "text", "label", "resolution"),
    [
        ("tissue", "UBERON:0002107", "liver", "id"),
        ("tissue", "uberon_0002107", "liver", "id"),
        ("tissue", "Liver", "liver", "label"),
        ("tissue", "kidneys", "kidney", "label"),
        ("tissue", "prostate", "prostate gland", "synonym"),
        ("tissue", "Whole Blood", "blood", "alias"),
        ("tissue", "skeletal_muscle", "skeletal muscle tissue", "alias"),
        ("tissue", "lungs", "lung", "alias"),
        ("tissue", "medulla", None, "ambiguous"),
        ("tissue", "T cells", None, "wrong_ontology"),
        ("tissue", "CL:0000084", None, "wrong_ontology"),
        ("tissue", "K-562", None, "wrong_ontology"),
        ("tissue", "EFO:0000400", None, "wrong_ontology"),
        ("tissue", "cell line", None, "unmapped"),
        ("tissue", "UBERON:9999999", None, "unmapped"),
        ("tissue", "melanocyte", None, "wrong_ontology"),  # replaced by a cell type
        ("tissue", "UBERON:3010319", None, "wrong_ontology"),
        ("cell_type", "B cells", "B cell", "label"),
        ("cell_type", "Tregs", "regulatory T cell", "synonym"),
        ("cell_type", "CL:0008030", None, "deprecated"),
        ("cell_type", "liver", None, "wrong_ontology"),
        ("disease", "COAD", "colon adenocarcinoma", "alias"),
        ("disease", "MDD", "major depressive disorder", "alias"),
        ("disease", "MONDO:0007196", "urinary bladder cancer", "replaced"),
        ("disease", "ASD", None, "ambiguous"),
        ("disease", "normal", "normal", "label"),
        ("disease", "Healthy Control", "normal", "alias"),
        ("disease", "PATO:0000461", "normal", "id"),
        ("disease", "pato_0000461", "normal", "id"),
        ("disease", "PATO:0000384", None, "wrong_ontology"),
        ("cell_line", "HEK 293", "HEK293", "alias"),
        ("cell_line", "hela", "HeLa", "label"),
        ("cell_line", "CVCL:0030", "HeLa", "id"),
        ("cell_line", "RS4;11", "RS4;11", "label"),
        ("cell_line", "H9", None, "ambiguous"),
        ("cell_line", "mTEC1", None, "ambiguous"),
        ("cell_line", "liver", None, "wrong_ontology"),
        ("sex", "Female", "female", "label"),
        ("sex", "M", "male", "synonym"),
        ("sex", "PATO:0000383", "female", "id"),
        ("sex", "pooled", None, "unknown"),
        ("sex", "male;female", None, "unknown"),
        ("sex", "2", None, "unmapped"),
        ("sample_type", "Tissue", "primary tissue", "synonym"),
        ("sample_type", "cell line", "cell line", "label"),
        ("sample_type", "cell culture", None, "ambiguous"),
        ("sample_type", "soup", None, "unmapped"),
        ("age", "60", "60", "label"),
        ("age", "18 months", "1.5", "label"),
        ("age", "60-69", None, "unmapped"),
        ("developmental_stage", "adult", "adult stage", "alias"),
        ("developmental_stage", "HsapDv:0000258", "adult stage", "id"),
        ("ethnicity", "Tuscan", "Tuscan", "label"),
        ("tissue", "", None, "unknown"),
        ("tissue", None, None, "unknown"),
        ("cell_line", "not collected", None, "unknown"),
        ("disease", "missing: control sample", None, "unknown"),
    ],
)
def test_a_label_resolves_in_one_of_ten_ways(field, text, label, resolution):
    resolved = resolve(field, text)
    assert (resolved.labels[0] if resolved.labels else None, resolved.resolution) == (
        label,
        resolution,
    )
    assert resolved.provided_text == (text or "")


def test_a_text_that_names_a_retired_term_takes_its_replacement():
    assert resolve("disease", "bladder cancer").labels == ("urinary bladder cancer",)


def test_all_values_of_a_label_count():
    for text in ("liver || kidney", "liver;kidney", "liver | kidney | liver", "liver; NA ;kidney"):
        assert resolve("tissue", text).labels == ("liver", "kidney")
    assert resolve("tissue", "NA;NA").resolution is Resolution.UNKNOWN


def test_a_value_that_can_not_be_read_leaves_the_whole_label_unjudged():
    resolved = resolve("tissue", "liver; gizzard of oz")
    assert (resolved.ids, resolved.resolution) == ((), Resolution.UNMAPPED)


def test_an_id_wins_over_the_text_and_the_text_over_an_id_that_is_none():
    both = resolve("tissue", "liver", "UBERON:0002113")
    assert (both.provided_text, both.labels, both.resolution) == ("liver", ("kidney",), "id")
    assert resolve("tissue", "liver", "UBERON:9999999").labels == ("liver",)
    assert resolve("tissue", "liver", "NA").labels == ("liver",)
    assert resolve("tissue", "gizzard of oz", "UBERON:9999999").resolution is Resolution.UNMAPPED
    only_id = resolve("tissue", None, "UBERON:0002113")
    assert (only_id.provided_text, only_id.labels) == ("UBERON:0002113", ("kidney",))


def test_the_datasets_own_aliases_win_over_everything():
    resolved = resolve("tissue", "Liver", liver="UBERON:0002113")
    assert (resolved.labels, resolved.resolution) == (("kidney",), Resolution.ALIAS)
    assert resolve("tissue", "liver; b7", b7="UBERON:0002113").labels == ("liver", "kidney")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("60", 60),
        ("60.5", 60.5),
        ("60 y", 60),
        ("60yrs", 60),
        ("60 Years old", 60),
        ("60-year-old", 60),
        ("6 mo", 0.5),
        ("52 weeks", 0.997),
        ("1 day", 0.0027),
        ("0", 0),
        ("60-69", None),
        (">89", None),
        ("-3", None),
        ("12 pcw", None),
        ("1960", None),
        ("sixty", None),
        ("٣٤", 34),
    ],
)
def test_ages_are_years_unless_they_say_otherwise(text, years):
    assert parse_age(text) == (None if years is None else pytest.approx(years, abs=0.001))


@pytest.mark.parametrize(
    "text", ["pooled", "mixed sex", "Male and female", "M/F", "female/male", "both sexes", "pool"]
)
def test_a_pool_of_both_sexes_is_recognised(text):
    assert is_pooled_sex(text)
    assert resolve("sex", text).resolution is Resolution.UNKNOWN


def test_words_that_state_something_are_not_taken_for_nothing():
    assert all(says_nothing(word) for word in ("NA", " n/a ", "Not  Collected", "None", "-"))
    assert not any(says_nothing(word) for word in ("other", "control", "normal", "0", "female"))
    assert not is_pooled_sex("male")


@given(
    st.sampled_from([f for f in FIELDS if f.name not in ("disease", "cell_line")]),
    st.text() | st.sampled_from(["|", ";;", "liver;", "CL:", "CVCL_", "UBERON:1 || CL:2", "\x00"]),
    st.none() | st.text(max_size=12),
)
def test_no_text_is_too_odd_to_resolve(field, text, id_text):
    resolved = resolve_label(field, text, id_text)
    assert resolved.resolution in Resolution
    assert resolved.resolved == bool(resolved.ids) == (resolved.resolution in RESOLVED)
    assert len(resolved.ids) == len(resolved.labels)


@given(st.sampled_from(["disease", "cell_line"]), st.text(max_size=20))
def test_no_text_is_too_odd_for_the_large_ontologies_either(field, text):
    assert resolve(field, text).resolution in Resolution
