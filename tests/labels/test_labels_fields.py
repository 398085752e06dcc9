"""The fields."""

from __future__ import annotations

import pytest

from gem_assets.labels.fields import FIELDS, field_of_api_name


@pytest.mark.parametrize("api_name", ["tissue_ontology_id", "tissue"])
def test_a_field_is_known_by_each_of_its_api_names(api_name):
    assert field_of_api_name(api_name).name == "tissue"


def test_an_unknown_api_name_is_no_field():
    assert field_of_api_name("shoe_size") is None


def test_no_api_name_and_no_column_belongs_to_two_fields():
    for names in (
        [n for f in FIELDS for n in f.api_names],
        [c for f in FIELDS for c in f.sheet_columns],
    ):
        assert len(names) == len(set(names))
