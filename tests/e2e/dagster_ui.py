"""Dagster's UI as ``make ui`` starts it, on a home, results and data of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import stamina

SECONDS_TO_START = 180.0
"""Ten to twenty seconds are usual on two cores; others may use them, too."""

_SECONDS_TO_STOP = 5.0
_NOT_HANDED_ON = ("SYNTHESIZE_", "GEM_ASSETS_", "DAGSTER_", "MAKE", "MFLAGS")
"""The shell's settings, and those of the ``make`` that runs this test."""


class DagsterUi:
    """A running UI.

    Attributes
    ----------
    url
        Where it is served.
    data, results
        Folders of its own: the datasets, and what is made of them.
    log
        What ``make ui`` prints, all of its processes together.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.data = folder / "data"
        self.results = folder / "results"
        self.log = folder / "make-ui.log"

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the answer to a GraphQL query."""
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60
        ).json()
        assert "errors" not in answer, answer["errors"]
        return dict(answer["data"])

    def partitions(self, table: str) -> list[str]:
        """Return the partitions of an asset of bulk data."""
        query = "query ($path: [String!]!) {assetNodeOrError(assetKey: {path: $path}) "
        query += "{... on AssetNode {partitionKeys}}}"
        node = self.ask(query, path=["gem_bulk", table])["assetNodeOrError"]
        return [str(key) for key in node["partitionKeys"]]


@contextmanager
def dagster_ui(repository: Path, folder: Path) -> Iterator[DagsterUi]:
    """Start ``make ui`` in a process group of its own; stop all of the group in the end.

    Parameters
    ----------
    repository
        Whose Makefile and workspace; nothing in it is written.
    folder
        Holds the datasets in ``data/``; home, results and log go beside them.
    """
    port = _free_port()
    ui = DagsterUi(f"http://127.0.0.1:{port}", folder)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)
    }
    environment |= {"GEM_ASSETS_DATA": str(ui.data), "GEM_ASSETS_RESULTS": str(ui.results)}
    command = ["make", f"VENV={sys.prefix}", f"DAGSTER_HOME={folder / 'home'}", f"UI_PORT={port}"]
    command += [f"REPORTS_PORT={_free_port()}"]
    command += ["-o", f"{sys.prefix}/.installed", "ui"]  # who runs this test has installed it
    with ui.log.open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the command is made above
            command,
            cwd=repository,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(ui, process)
        yield ui
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_until_it_answers(ui: DagsterUi, process: subprocess.Popen[bytes]) -> None:
    for attempt in stamina.retry_context(
        on=httpx.TransportError,
        timeout=SECONDS_TO_START,
        attempts=None,
        wait_initial=0.2,
        wait_max=1.0,
    ):
        with attempt:
            ended = process.poll()
            assert ended is None, f"`make ui` ended with {ended}:\n{ui.log.read_text()}"
            httpx.get(f"{ui.url}/server_info", timeout=10).raise_for_status()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the group as Ctrl-C does; kill what is left of it."""
    for how in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            return
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            continue
