"""What a project changes about the assets' specs: owners, tags, and whatever its hook does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import dagster as dg

from gem_assets.graph import AssetGraph

Translation: TypeAlias = Callable[[dg.AssetSpec], dg.AssetSpec]
"""A hook: takes the spec of an asset of ours, returns the one that the project wants."""


def translate(
    graph: AssetGraph,
    assets: Sequence[dg.AssetsDefinition],
    *,
    owners: Sequence[str],
    tags: Mapping[str, str],
    translation: Translation | None,
) -> Sequence[dg.AssetsDefinition]:
    """Return the assets with owners and tags, and then as the hook has them.

    Raises
    ------
    ValueError
        If the hook changes a key. Keys are also what tables are found by, so they change together,
        by ``key_prefix``.
    TypeError
        If it returns something else than a spec.
    """

    def translated(spec: dg.AssetSpec) -> dg.AssetSpec:
        ours = spec.merge_attributes(owners=owners or ..., tags=tags or ...)
        if translation is None:
            return ours
        theirs = translation(ours)
        if not isinstance(theirs, dg.AssetSpec):
            raise TypeError(
                f"The translation of {spec.key.to_user_string()} returned {theirs!r}; it must "
                "return a dagster.AssetSpec, e.g. spec.replace_attributes(group_name='qc')."
            )
        if theirs.key != spec.key:
            raise ValueError(
                f"The translation changes the key {spec.key.to_user_string()} to "
                f"{theirs.key.to_user_string()}, which it must not: the table in DuckDB is found "
                f"by it. Choose another key_prefix than {graph.key_prefix!r} to move all assets."
            )
        return theirs

    if not owners and not tags and translation is None:
        return assets
    return dg.map_asset_specs(translated, assets)
