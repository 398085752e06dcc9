"""Fetch a public file once, and take it only if it is the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gem_assets.public_data.errors import PublicDataError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

SECONDS_OF_SILENCE = 30
"""After so long without a byte a server is given up."""


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file of a public repository that never changes.

    Attributes
    ----------
    name
        What it is called in the cache.
    urls
        Where it is; each is asked after the one before had no such file.
    sha256
        Of its bytes, in hexadecimal: whatever an address serves, no other file is taken.
    n_bytes
        Its size.
    source, licence
        Whose it is, for people.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str
    n_bytes: int
    source: str
    licence: str

    @property
    def size(self) -> str:
        """Its size in words, e.g. ``0.9 MB``."""
        return f"{self.n_bytes / 1e6:.1f} MB"


def require_demo_extra() -> None:
    """Check that what is needed to fetch and read public data is installed.

    Raises
    ------
    PublicDataError
        If the extra ``demo`` is not.
    """
    for module in ("pooch", "rdata"):
        try:
            import_module(module)
        except ImportError as error:
            raise PublicDataError(
                f"The demonstration needs {module!r}, which can't be imported ({error}). "
                "Install it: pip install 'gem-assets[demo]'"
            ) from None


def download(file: PublicFile, mirror: str | None = None) -> Path:
    """Return the path of a file in this user's cache, after fetching it if it isn't there.

    The request carries no name and no key, not even one of ``~/.netrc``, and follows no redirect
    to another address. What the network is told by (``HTTPS_PROXY``, ``REQUESTS_CA_BUNDLE``)
    holds. A file of other bytes, or a part of one, is deleted.

    Parameters
    ----------
    file
        Which file.
    mirror
        Address of a copy, asked in place of the file's own.

    Raises
    ------
    PublicDataError
        If no address has the file, or one has another; or the extra ``demo`` is not installed.
    """
    require_demo_extra()
    import pooch

    pooch.get_logger().setLevel("WARNING")  # our own sentences say it
    urls = file.urls if mirror is None else (_checked(mirror),)
    cache = pooch.os_cache("gem-assets")
    for url in urls:
        try:
            found = pooch.retrieve(
                url, f"sha256:{file.sha256}", file.name, cache, downloader=_Fetch(file)
            )
        except _NotThereError:
            continue
        except OSError as error:
            raise PublicDataError(
                f"{file.name} can't be kept in the cache {cache}: {error.strerror or error}. "
                "XDG_CACHE_HOME names another place."
            ) from None
        return Path(found)
    raise PublicDataError(
        f"There is no such file (404) at {' or '.join(urls)}. Give the address of a copy of "
        f"{file.name} with --mirror URL."
    )


class _NotThereError(Exception):
    """An address where the file is not."""


@dataclass(frozen=True, slots=True)
class _Fetch:
    """Fetch the file for pooch, which deletes what was written if anything is raised."""

    file: PublicFile

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        import pooch
        import requests

        fetch = pooch.HTTPDownloader(
            timeout=SECONDS_OF_SILENCE,
            allow_redirects=False,
            auth=_nobody,
            hooks={"response": _only_the_file},
        )
        try:
            fetch(url, output_file, None)
        except requests.RequestException as error:
            raise PublicDataError(
                f"{url} could not be fetched: {_what_happened(error)}. Check the network and its "
                f"proxy (HTTPS_PROXY), or give the address of a copy of {self.file.name} with "
                "--mirror URL. What came so far was deleted."
            ) from None
        found = pooch.file_hash(output_file, alg="sha256")
        if found != self.file.sha256:
            raise PublicDataError(
                f"{url} serves another file than {self.file.name} of {self.file.source}: its "
                f"sha256 is {found}, expected {self.file.sha256}. It was deleted. A proxy may "
                "have answered in the server's place, or the file was cut short: try again, or "
                "give the address of a copy with --mirror URL."
            )


def _nobody(request: PreparedRequest) -> PreparedRequest:
    """Add no credentials: without this, requests looks for some in ``~/.netrc``."""
    return request


def _only_the_file(response: Response, **_: object) -> None:
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise _NotThereError
    if response.is_redirect:
        raise PublicDataError(
            f"{response.url} sends on to another address, which is not followed. Give the address "
            "of the file itself with --mirror URL."
        )


def _what_happened(error: Exception) -> str:
    """Say in our words what requests found; its own may repeat a proxy's password."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"nothing came for {SECONDS_OF_SILENCE} seconds"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted (REQUESTS_CA_BUNDLE names your site's own)"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the file was complete"
    return "there is no connection"


def _checked(mirror: str) -> str:
    """Return the address of a mirror, if it can be asked and holds no password."""
    try:
        parts = urlsplit(mirror)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    if not usable or "@" in parts.netloc:
        # It isn't repeated: it may hold a password.
        raise PublicDataError(
            "The address of the mirror is none: expected http(s)://host/path/file, without a user "
            "name or password."
        )
    return mirror
