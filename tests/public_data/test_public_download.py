"""A public file is fetched once, without a name, and only if it is the one that is meant."""

from __future__ import annotations

import hashlib
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gem_assets.public_data import BODY_MAP, PublicDataError, PublicFile, download

if TYPE_CHECKING:
    from conftest import FileServer

KEY = "sk-must-stay-unseen-0123456789"
CONTENT = b"RDX2 as good as any other file" * 100


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache of a user who has fetched nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gem-assets"


@pytest.fixture
def asked(file_server: FileServer) -> Callable[[], list[str]]:
    """Return what tells the paths that this test has asked for."""
    before = len(file_server.requests)
    return lambda: [path for path, _ in file_server.requests[before:]]


def a_file(*urls: str) -> PublicFile:
    return PublicFile(
        "some.rda", urls, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "somebody", "MIT"
    )


def left_in(cache: Path) -> list[Path]:
    return list(cache.rglob("*"))


def test_a_file_is_fetched_once_and_kept(
    file_server: FileServer, cache: Path, asked: Callable[[], list[str]]
) -> None:
    file = a_file(file_server.serve("/some.rda", CONTENT))
    path = download(file)
    assert path == cache / "some.rda"
    assert path.read_bytes() == CONTENT
    assert download(file) == path
    assert asked() == ["/some.rda"]
    assert left_in(cache) == [path]


def test_a_file_that_is_kept_needs_no_network(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "some.rda").write_bytes(CONTENT)
    assert download(a_file(_where_nobody_listens())).read_bytes() == CONTENT


def test_a_kept_file_that_was_damaged_is_fetched_again(
    file_server: FileServer, cache: Path
) -> None:
    cache.mkdir(parents=True)
    (cache / "some.rda").write_bytes(CONTENT[:-1])
    assert download(a_file(file_server.serve("/some.rda", CONTENT))).read_bytes() == CONTENT


def test_the_request_carries_no_key_and_no_name(
    file_server: FileServer, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    del cache
    url = file_server.serve("/anonymous.rda", CONTENT)
    for variable in ("SYNTHESIZE_API_KEY", "SYNTHESIZE_API_BASE_URL", "SYNTHESIZE_TOKEN"):
        monkeypatch.setenv(variable, KEY)
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login somebody password {KEY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(url) == ("somebody", KEY)  # requests would send it
    download(a_file(url))
    path, headers = file_server.requests[-1]
    assert path == "/anonymous.rda"
    assert {name.lower() for name in headers} <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert KEY not in str(headers)


def test_another_file_is_refused_by_both_hashes_and_deleted(
    file_server: FileServer, cache: Path
) -> None:
    url = file_server.serve("/other.rda", b"<html>Please log in</html>")
    file = a_file(url)
    with pytest.raises(PublicDataError) as refusal:
        download(file)
    said = str(refusal.value)
    assert url in said
    assert file.sha256 in said
    assert hashlib.sha256(b"<html>Please log in</html>").hexdigest() in said
    assert "--mirror URL" in said
    assert left_in(cache) == []


def test_a_file_that_breaks_off_leaves_nothing_behind(file_server: FileServer, cache: Path) -> None:
    url = file_server.serve("/half.rda", CONTENT[:999], Content_Length=str(len(CONTENT)))
    with pytest.raises(PublicDataError, match="broke before the file was complete"):
        download(a_file(url))
    assert left_in(cache) == []


def test_the_next_address_is_asked_where_there_is_no_such_file(
    file_server: FileServer, cache: Path, asked: Callable[[], list[str]]
) -> None:
    del cache
    url = file_server.serve("/second.rda", CONTENT)
    assert download(a_file(f"{file_server.url}/gone.rda", url)).read_bytes() == CONTENT
    assert asked() == ["/gone.rda", "/second.rda"]


def test_a_file_that_is_nowhere_is_told_with_its_addresses(
    file_server: FileServer, cache: Path
) -> None:
    urls = (f"{file_server.url}/gone", f"{file_server.url}/gone_too")
    with pytest.raises(PublicDataError, match="404") as refusal:
        download(a_file(*urls))
    assert all(url in str(refusal.value) for url in urls)
    assert left_in(cache) == []


def test_a_server_that_is_broken_is_told(file_server: FileServer, cache: Path) -> None:
    url = file_server.serve("/broken.rda", b"", status=503)
    with pytest.raises(PublicDataError, match="the server answered 503"):
        download(a_file(url))
    assert left_in(cache) == []


def test_a_redirect_is_not_followed(
    file_server: FileServer, cache: Path, asked: Callable[[], list[str]]
) -> None:
    elsewhere = file_server.serve("/elsewhere.rda", CONTENT)
    url = file_server.serve("/moved.rda", b"", status=302, Location=elsewhere)
    with pytest.raises(PublicDataError, match="sends on to another address"):
        download(a_file(url))
    assert asked() == ["/moved.rda"]
    assert left_in(cache) == []


def test_without_a_network_the_address_and_the_way_out_are_named(cache: Path) -> None:
    url = _where_nobody_listens()
    with pytest.raises(PublicDataError, match="there is no connection") as refusal:
        download(a_file(url))
    assert url in str(refusal.value)
    assert "--mirror URL" in str(refusal.value)
    assert left_in(cache) == []


def test_a_mirror_is_asked_in_place_of_the_file_s_own_address(
    file_server: FileServer, cache: Path, asked: Callable[[], list[str]]
) -> None:
    del cache
    mirror = file_server.serve("/mirror.rda", CONTENT)
    download(a_file(f"{file_server.url}/own.rda"), mirror)
    assert asked() == ["/mirror.rda"]


@pytest.mark.parametrize(
    "mirror",
    [f"http://me:{KEY}@127.0.0.1/x", f"file:///{KEY}", f"http://[{KEY}", "http:///", "rda"],
)
def test_a_mirror_that_is_no_address_is_refused_without_repeating_it(
    mirror: str, cache: Path
) -> None:
    with pytest.raises(PublicDataError, match="expected http") as refusal:
        download(a_file(), mirror)
    assert KEY not in str(refusal.value)
    assert left_in(cache) == []


def test_a_cache_that_can_not_be_written_is_named(
    file_server: FileServer, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del cache
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(PublicDataError, match="can't be kept in the cache"):
        download(a_file(file_server.serve("/some.rda", CONTENT)))


@pytest.mark.parametrize("module", ["pooch", "rdata"])
def test_without_the_extra_it_is_told_how_to_install_it(
    module: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PublicDataError, match=r"pip install 'gem-assets\[demo\]'"):
        download(a_file())
    assert left_in(cache) == []


def test_body_map_is_pinned_to_the_file_of_its_repository(
    shared_data: Path, file_server: FileServer, cache: Path
) -> None:
    original = (shared_data / "cohorts" / "bodymap_original.rda").read_bytes()
    assert len(original) == BODY_MAP.n_bytes
    file = replace(BODY_MAP, urls=(file_server.serve("/ibm.htseq.raw.rda", original),))
    assert download(file) == cache / BODY_MAP.name


def _where_nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/some.rda"
