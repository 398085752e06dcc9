"""Dagster assets that find RNA-seq samples whose labels their expression contradicts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gem_assets.assets.build import build_gem_assets
    from gem_assets.component import GemMetadataQc
    from gem_assets.graph import Retries
    from gem_assets.reading import read
    from gem_assets.settings import Settings

__version__ = "0.1.0"

__all__ = ["GemMetadataQc", "Retries", "Settings", "build_gem_assets", "read"]

_MODULES = {
    "GemMetadataQc": "component",
    "Retries": "graph",
    "Settings": "settings",
    "build_gem_assets": "assets.build",
    "read": "reading",
}


def __getattr__(name: str) -> object:
    # Dagster is imported when the assets are asked for: `gem-assets predict` works without it.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
