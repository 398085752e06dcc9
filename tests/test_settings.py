"""The environment says where things lie and who serves."""

from __future__ import annotations

import pytest

from gem_assets.settings import Settings


def test_the_defaults_keep_everything_on_this_machine() -> None:
    assert Settings.from_environment({}) == Settings("data", "results", "embedded")


def test_a_key_in_the_environment_does_not_choose_the_endpoint() -> None:
    assert Settings.from_environment({"SYNTHESIZE_API_KEY": "x"}).endpoint == "embedded"


def test_empty_variables_count_as_unset() -> None:
    environ = {"GEM_ASSETS_DATA": "", "GEM_ASSETS_RESULTS": "out", "GEM_ASSETS_ENDPOINT": "hosted"}
    assert Settings.from_environment(environ) == Settings("data", "out", "hosted")


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'cloud'; it must be one of embedded, hosted"):
        Settings.from_environment({"GEM_ASSETS_ENDPOINT": "cloud"})


def test_the_family_of_models_is_chosen_and_nothing_else_is_taken_for_one() -> None:
    assert Settings.from_environment({}).model == "gem-1"
    assert Settings.from_environment({"GEM_ASSETS_MODEL": "gem-2"}).model == "gem-2"
    with pytest.raises(ValueError, match="'gem-3'; it must be one of gem-1, gem-2, gem-2-alias"):
        Settings.from_environment({"GEM_ASSETS_MODEL": "gem-3"})


@pytest.mark.parametrize("place", ["ftp://me:sesame@host/lab", "sftp://:sesame@host/lab"])
def test_a_place_with_a_password_is_refused_and_not_repeated(place: str) -> None:
    with pytest.raises(ValueError, match="password in it") as refused:
        Settings(data=place)
    assert "sesame" not in str(refused.value)
    assert Settings(data="abfs://container@account.dfs.core.windows.net/lab").data.startswith(
        "abfs"
    )
