"""The way from a materialisation or a check to the report that explains it."""

from __future__ import annotations

from typing import Any

import dagster as dg

from gem_assets.resources import GemWarehouse


def report_links(resource: GemWarehouse, dataset: str) -> dict[str, dg.MetadataValue[Any]]:
    """Return metadata that leads to a dataset's report: a link if it is served, else its path.

    A browser opens no ``file://`` address from a page that came by http, as Dagster's UI does.
    """
    from gem_assets.reporting import report_files

    url = resource.report_url(dataset)
    if url is not None:
        return {"report": dg.MetadataValue.url(url)}
    return {
        "report": dg.MetadataValue.path(report_files(resource.reports.resolve(), dataset).report)
    }
