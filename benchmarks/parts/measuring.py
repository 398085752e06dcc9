"""Processor time and peak memory of a process, and of the machine that it ran on."""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import version
from pathlib import Path


def peak_bytes() -> int:
    """Return the peak resident memory of this process (Linux).

    getrusage would tell the parent's where that is larger: its peak survives fork and exec.
    """
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def cpu_seconds() -> float:
    """Return the processor time of all threads of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def free_bytes() -> int:
    """Return the memory that the machine can still give (Linux)."""
    return 1024 * int(Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0])


def surroundings(*packages: str) -> dict[str, str | int]:
    """Return what a figure depends on: the versions of packages, Python's, the number of cores."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count() or 0,
        **{name: version(name) for name in packages},
    }
