"""The code location that ``workspace.yaml`` loads: one instance for bulk, one for single cells."""

from __future__ import annotations

import dagster as dg

from gem_assets.assets.build import build_gem_assets

defs = dg.Definitions.merge(
    build_gem_assets("bulk"),
    build_gem_assets("sc"),
    # In one process: a demonstration's steps are short, and a process for each would cost three
    # times as long. A project of your own chooses its own executor.
    dg.Definitions(executor=dg.in_process_executor),
)
