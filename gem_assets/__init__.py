"""Dagster assets that find RNA-seq samples whose labels their expression contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gem_assets.assets.build import build_gem_assets
    from gem_assets.component import GemMetadataQc
    from gem_assets.reading import read
    from gem_assets.settings import Settings

__version__ = "0.1.0"

__all__ = ["GemMetadataQc", "Settings", "build_gem_assets", "read"]


def __getattr__(name: str) -> object:
    # Dagster is imported when the assets are asked for: `gem-assets predict` works without it.
    if name == "build_gem_assets":
        from gem_assets.assets.build import build_gem_assets

        return build_gem_assets
    if name == "GemMetadataQc":
        from gem_assets.component import GemMetadataQc

        return GemMetadataQc
    if name == "Settings":
        from gem_assets.settings import Settings

        return Settings
    if name == "read":
        from gem_assets.reading import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
