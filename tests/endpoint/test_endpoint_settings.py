"""Which endpoint, with which key: settings and the environment."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.endpoint.addresses import is_loopback, is_nearby
from gem_assets.endpoint.errors import EndpointMisconfigured
from gem_assets.endpoint.model_names import base_url_variable
from gem_assets.endpoint.secret import Secret
from gem_assets.endpoint.settings import EndpointSettings

KEY = {"SYNTHESIZE_API_KEY": "sk-abc"}


def hosted(modality: str = "bulk", **environ: str) -> EndpointSettings:
    return EndpointSettings.from_environment("hosted", modality, KEY | environ)  # type: ignore[arg-type]


def test_hosted_goes_to_the_vendor_by_default() -> None:
    settings = hosted()
    assert settings.base_url == "https://app.synthesize.bio"
    assert settings.host == "app.synthesize.bio"
    assert settings.model_id == "gem-1-bulk_predict-metadata"
    assert settings.api_key == Secret("sk-abc")
    assert settings.notices == ()
    assert settings.prediction_timeout == 900
    assert not settings.is_local


def test_single_cells_go_to_the_single_cell_model() -> None:
    assert hosted("sc").model_id == "gem-1-sc_predict-metadata"


def test_hosted_without_a_key_says_what_to_do() -> None:
    with pytest.raises(EndpointMisconfigured, match=r"Set SYNTHESIZE_API_KEY .* 'embedded'"):
        EndpointSettings.from_environment("hosted", "bulk", {"SYNTHESIZE_API_KEY": "  "})


def test_embedded_uses_no_variable_and_mentions_an_unused_key() -> None:
    environ = KEY | {"SYNTHESIZE_API_BASE_URL": "https://elsewhere.example"}
    settings = EndpointSettings.from_environment("embedded", "bulk", environ)
    assert settings.base_url == "embedded:"
    assert settings.api_key is None
    assert settings.host == "embedded"
    assert settings.is_local
    (notice,) = settings.notices
    assert "SYNTHESIZE_API_KEY is set but unused" in notice
    assert EndpointSettings.from_environment("embedded", "bulk", {}).notices == ()


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHESIZE_API_KEY", "sk-from-env")
    monkeypatch.delenv("SYNTHESIZE_API_BASE_URL", raising=False)
    settings = EndpointSettings.from_environment("hosted", "bulk")
    assert settings.api_key == Secret("sk-from-env")


def test_a_models_own_address_wins_over_the_general_one() -> None:
    environ = {
        "SYNTHESIZE_API_BASE_URL": "https://general.example/",
        "SYNTHESIZE_API_BASE_URL__GEM_1_BULK": "https://bulk.example:8443/api-gw/",
    }
    assert hosted(**environ).base_url == "https://bulk.example:8443/api-gw"
    assert hosted(**environ).host == "bulk.example:8443"
    assert hosted("sc", **environ).base_url == "https://general.example"


@pytest.mark.parametrize(
    ("model_id", "variable"),
    [
        ("gem-1-sc", "SYNTHESIZE_API_BASE_URL__GEM_1_SC"),
        ("gem-1-sc_predict-metadata", "SYNTHESIZE_API_BASE_URL__GEM_1_SC"),
        ("gem-1-bulk_reference-conditioning", "SYNTHESIZE_API_BASE_URL__GEM_1_BULK"),
    ],
)
def test_variants_share_the_address_of_their_model_as_in_the_official_client(
    model_id: str, variable: str
) -> None:
    from pysynthbio.http_client import per_model_env_var

    assert base_url_variable(model_id) == variable == per_model_env_var(model_id)


def test_a_key_never_travels_over_plain_http() -> None:
    with pytest.raises(EndpointMisconfigured, match=r"plain http.*\(gem\.example\).*https://"):
        hosted(SYNTHESIZE_API_BASE_URL="http://gem.example")


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
def test_except_to_this_machine(base_url: str) -> None:
    settings = hosted(SYNTHESIZE_API_BASE_URL=base_url)
    assert settings.base_url == base_url
    assert settings.is_local


@pytest.mark.parametrize("host", ["localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", ""])
def test_a_name_that_only_looks_like_this_machine_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "gem.example", "8.8.8.8", "2001:db8::1", ""])
def test_other_machines_are_not_nearby(host: str) -> None:
    assert not is_nearby(host)


@pytest.mark.parametrize(
    "base_url", ["gem.example", "ftp://gem.example", "https://", "https://[::1", "https://h:port"]
)
def test_an_address_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(EndpointMisconfigured, match=r"not an http\(s\) address"):
        hosted(SYNTHESIZE_API_BASE_URL=base_url)


@pytest.mark.parametrize(
    "base_url", ["https://u:hunter2@gem.example", "https://gem.example/?token=hunter2"]
)
def test_an_address_with_a_secret_in_it_is_refused_and_not_repeated(base_url: str) -> None:
    with pytest.raises(EndpointMisconfigured, match="user name") as caught:
        hosted(SYNTHESIZE_API_BASE_URL=base_url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(EndpointMisconfigured, match="API key") as caught:
        EndpointSettings.from_environment("hosted", "bulk", {"SYNTHESIZE_API_KEY": key})
    assert key not in str(caught.value)


def self_hosted(modality: str = "bulk", **environ: str) -> EndpointSettings:
    return EndpointSettings.from_environment("self_hosted", modality, environ)  # type: ignore[arg-type]


def test_a_container_is_found_by_its_address_and_may_have_no_key() -> None:
    environ = {
        "SYNTHESIZE_API_BASE_URL": "http://gem.cluster:8080",
        "SYNTHESIZE_API_BASE_URL__GEM_1_SC": "https://sc.cluster",
    }
    settings = self_hosted(**environ)
    assert settings.base_url == "http://gem.cluster:8080"
    assert settings.api_key is None
    assert settings.prediction_timeout == 600
    assert not settings.is_local
    assert self_hosted("sc", **environ).base_url == "https://sc.cluster"
    assert self_hosted("sc", **environ, **KEY).api_key == Secret("sk-abc")


def test_a_container_without_an_address_is_refused_with_the_variables_to_set() -> None:
    with pytest.raises(
        EndpointMisconfigured,
        match=r"Set SYNTHESIZE_API_BASE_URL__GEM_1_BULK, or SYNTHESIZE_API_BASE_URL for all",
    ):
        self_hosted(SYNTHESIZE_SELF_HOSTED="1")


def test_a_key_does_not_travel_to_a_container_over_plain_http_either() -> None:
    with pytest.raises(EndpointMisconfigured, match=r"plain http.*or unset SYNTHESIZE_API_KEY"):
        self_hosted(SYNTHESIZE_API_BASE_URL="http://gem.cluster", **KEY)
    local = self_hosted(SYNTHESIZE_API_BASE_URL="http://127.0.0.1:9", **KEY)
    assert local.api_key == Secret("sk-abc")


@pytest.mark.parametrize("yes", ["1", "true", "Yes", " ON "])
def test_a_flag_for_containers_never_switches_and_is_mentioned(yes: str) -> None:
    environ = {"SYNTHESIZE_SELF_HOSTED": yes}
    (notice,) = hosted(**environ).notices
    assert "SYNTHESIZE_SELF_HOSTED is set, but the endpoint is 'hosted'" in notice
    embedded = EndpointSettings.from_environment("embedded", "bulk", environ)
    assert embedded.mode == "embedded"
    (notice,) = embedded.notices
    assert "SYNTHESIZE_SELF_HOSTED is set, but the endpoint is 'embedded'" in notice
    environ["SYNTHESIZE_API_BASE_URL"] = "http://gem.cluster"
    assert self_hosted(**environ).notices == ()


@pytest.mark.parametrize("no", ["", "0", "false", "off", "no"])
def test_a_flag_that_says_no_is_not_mentioned(no: str) -> None:
    assert hosted(SYNTHESIZE_SELF_HOSTED=no).notices == ()


@pytest.mark.parametrize(
    ("family", "modality", "model_id", "served_as", "address"),
    [
        ("gem-1", "sc", "gem-1-sc_predict-metadata", "gem-1-sc_predict-metadata", "general"),
        ("gem-2", "bulk", "gem-2-bulk_predict-metadata", "gem-2", "canonical"),
        ("gem-2", "sc", "gem-2-sc_predict-metadata", "gem-2", "canonical"),
        ("gem-2-alias", "bulk", "gem-2-bulk_predict-metadata", "gem-2-bulk_predict-metadata", "b"),
    ],
)
def test_the_family_of_models_is_a_choice_with_an_address_of_its_own(
    family: str, modality: str, model_id: str, served_as: str, address: str
) -> None:
    environ = KEY | {
        "SYNTHESIZE_API_BASE_URL": "https://general",
        "SYNTHESIZE_API_BASE_URL__GEM_2": "https://canonical",
        "SYNTHESIZE_API_BASE_URL__GEM_2_BULK": "https://b",
    }
    settings = EndpointSettings.from_environment("hosted", modality, environ, family=family)  # type: ignore[arg-type]
    assert (settings.model_id, settings.served_as) == (model_id, served_as)
    assert settings.host == address


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(EndpointMisconfigured, match="no model family 'gem-3'"):
        EndpointSettings.from_environment("hosted", "bulk", KEY, family="gem-3")  # type: ignore[arg-type]
    with pytest.raises(EndpointMisconfigured, match="no canonical id"):
        EndpointSettings(mode="embedded", model_id="m", base_url="embedded:", canonical=True)


def test_an_unknown_mode_or_modality_is_refused() -> None:
    with pytest.raises(EndpointMisconfigured, match="no endpoint 'cloud'"):
        EndpointSettings.from_environment("cloud", "bulk", KEY)  # type: ignore[arg-type]
    with pytest.raises(EndpointMisconfigured, match="no modality 'atac'"):
        EndpointSettings.from_environment("hosted", "atac", KEY)  # type: ignore[arg-type]


def test_an_embedded_endpoint_can_have_neither_key_nor_address() -> None:
    for base_url, key in [("embedded:", Secret("k")), ("https://gem.example", None)]:
        with pytest.raises(EndpointMisconfigured, match="no key"):
            EndpointSettings(mode="embedded", model_id="m", base_url=base_url, api_key=key)


@given(st.text(min_size=4).filter(lambda text: text not in "Secret(***)"))
def test_a_secret_shows_itself_to_nobody(text: str) -> None:
    secret = Secret(text)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>20}"]
    assert all(text not in written for written in shown)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == text
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    assert secret == Secret(text)
    assert secret != text
    assert len({secret, Secret(text)}) == 1


def test_settings_can_be_printed() -> None:
    assert "sk-abc" not in repr(hosted())
