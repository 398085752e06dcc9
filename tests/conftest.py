"""Fixtures that every room shares."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

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
