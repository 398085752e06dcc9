"""A scripted endpoint on loopback, and what else a run needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from predictions_lab import Clock, Lab
from scripted_endpoint import ScriptedEndpoint, serve


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    endpoint = ScriptedEndpoint()
    server = serve(endpoint)
    yield endpoint
    server.shutdown()
    server.server_close()


@pytest.fixture
def lab(endpoint: ScriptedEndpoint, tmp_path: Path) -> Lab:
    clock = Clock()
    return Lab(endpoint, tmp_path, clock, clock.monotonic)
