"""Fixtures that every room shares."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

# Each of the parallel processes would start a thread a core, and they would wait for each other.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# A first call imports what later ones have: its time says nothing about the example.
# The suite is a gate, which says the same of the same tree every time; `make campaign` explores.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("GEM_ASSETS_HYPOTHESIS", "gate"))

# A shell that starts the tests in the background has them ignore interrupts, and with them every
# process of a test that is interrupted on purpose, and would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The Makefile's is that of the demonstration, whose history is no place for runs of tests.
os.environ.pop("DAGSTER_HOME", None)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of cohorts and references that may not be shipped, or skip."""
    folder = Path(os.environ.get("GEM_ASSETS_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: it holds cohorts that may not be shipped")
    return folder


_opened: list[str] | None = None


def _record(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_record)


@contextmanager
def _opened_files() -> Iterator[list[str]]:
    global _opened  # noqa: PLW0603 - an audit hook can't be removed, only silenced
    _opened = names = []
    try:
        yield names
    finally:
        _opened = None


@pytest.fixture(scope="session")
def opened_files() -> Callable[[], AbstractContextManager[list[str]]]:
    """Return what gives, in a ``with`` block, the names of the files that are opened meanwhile."""
    return _opened_files


class FileServer:
    """Serves files over HTTP on this machine, and remembers how it was asked.

    Attributes
    ----------
    answers
        By path: status, headers and body. Any other path is answered 404.
    requests
        Path and headers of each request, in order.
    url
        Its address, without a slash at the end.
    """

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requests.append((self.path, dict(self.headers)))
                status, headers, body = owner.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        """Answer a path from now on, and return its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named, body)
        return self.url + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def file_server() -> Iterator[FileServer]:
    """Return a server of files, whose address no proxy of the shell's stands before."""
    server = FileServer()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        yield server
    server.close()
