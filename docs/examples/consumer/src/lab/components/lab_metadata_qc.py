"""The component as this lab wants it: in the lab's groups, with an owner for what people read."""

import dagster as dg

import gem_assets


class LabMetadataQc(gem_assets.GemMetadataQc):
    """Check stated labels against expression, in the lab's own groups."""

    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        """Put the results in one group and their making in another; keys stay as they are."""
        spec = super().get_asset_spec(spec)
        if spec.key.path[-1].startswith("qc_"):
            return spec.replace_attributes(
                group_name="label_checks", owners=[*spec.owners, "team:data-stewards"]
            )
        return spec.replace_attributes(group_name="sequencing")
