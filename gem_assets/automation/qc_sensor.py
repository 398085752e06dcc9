"""The sensor that tells people of open findings: flagged samples that nobody has reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import dagster as dg
import msgspec

from gem_assets.automation.event_log import follow, judged_after
from gem_assets.automation.telling import LOOKING_SECONDS, TELLING_SECONDS, clock, told
from gem_assets.graph import AssetGraph
from gem_assets.notifications.outbox import Item, Outbox, deliver

if TYPE_CHECKING:
    from gem_assets.notifications.notifier import Notifier
    from gem_assets.resources import GemWarehouse
    from gem_assets.warehouse import Warehouse

_LOCK_PATIENCE_SECONDS = 0.5

_OF_VERDICTS = ["sample_id", "status", "reviewed_by", "served_by"]

_UNITS = {"bulk": ("sample", "samples"), "sc": ("group of cells", "groups of cells")}


def qc_sensor(graph: AssetGraph, notifiers: Sequence[Notifier]) -> dg.SensorDefinition:
    """Return the sensor; off until turned on.

    It follows the materialisations of ``qc_samples``, by whatever run they were made, and tells of
    a dataset when its set of open samples is another than was told last. At its first tick it
    tells of all that is open.

    Parameters
    ----------
    graph
        The instance.
    notifiers
        Who is told.
    """

    @dg.sensor(
        name=graph.qc_sensor,
        minimum_interval_seconds=60,
        required_resource_keys={graph.warehouse},
        description="Tells of samples that are flagged and not reviewed, when they have changed: "
        f"{', '.join(notifier.name for notifier in notifiers)}.",
    )
    def _qc_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from gem_assets.warehouse import LockPatience, WarehouseError

        resource = getattr(context.resources, graph.warehouse)
        warehouse = resource.open(LockPatience(timeout=_LOCK_PATIENCE_SECONDS))
        is_looked, is_told = clock(LOOKING_SECONDS), clock(TELLING_SECONDS)
        try:
            outbox, new = _news(graph, context, warehouse, is_looked)
        except WarehouseError as error:
            return dg.SkipReason(str(error))
        look = _Look(graph, warehouse, resource, is_looked)
        delivered = deliver(
            outbox,
            new,
            look,
            notifiers,
            what=f"datasets have {_UNITS[graph.modality][1]} to look at",
            is_time_up=is_told,
        )
        return told(context, delivered, *look.problems)

    return _qc_sensor


def _news(
    graph: AssetGraph,
    context: dg.SensorEvaluationContext,
    warehouse: Warehouse,
    is_time_up: Callable[[], bool],
) -> tuple[Outbox, list[str]]:
    """Return the outbox with the events that were followed, and the datasets judged in them."""
    outbox = Outbox.from_cursor(context.cursor)
    key = graph.key("qc_samples")
    if outbox.seen is None:
        # What was judged before: the warehouse knows it, whatever the event log still holds.
        last = context.instance.fetch_materializations(key, limit=1).records
        seen = last[0].storage_id if last else 0
        return msgspec.structs.replace(outbox, seen=seen), warehouse.datasets("qc_samples")
    records, seen = follow(judged_after(context.instance, key), outbox.seen, lambda _: is_time_up())
    judged = dict.fromkeys(one.partition_key for one in records if one.partition_key)
    return msgspec.structs.replace(outbox, seen=seen), list(judged)


class _Look:
    """Reads what is open of a dataset, until the time is up or the warehouse is locked."""

    def __init__(
        self,
        graph: AssetGraph,
        warehouse: Warehouse,
        resource: GemWarehouse,
        is_time_up: Callable[[], bool],
    ) -> None:
        self._graph = graph
        self._warehouse = warehouse
        self._resource = resource
        self._is_time_up = is_time_up
        self.problems: list[str] = []

    def __call__(self, dataset: str) -> Item | None:
        from gem_assets.notifications.findings import open_findings_of
        from gem_assets.reporting import report_files
        from gem_assets.warehouse import NotMaterialisedError, WarehouseError

        if self.problems or self._is_time_up():
            return None
        read = self._warehouse.read
        try:
            samples = read("qc_samples", dataset, ["sample_id", "status", "sentence"])
            verdicts = read("qc_verdicts", dataset, _OF_VERDICTS)
        except NotMaterialisedError:
            return Item(None, "")
        except WarehouseError as error:
            self.problems.append(str(error))
            return None
        found = open_findings_of(
            f"{self._graph.key_prefix}/{dataset}",
            samples.to_pandas(),
            verdicts.to_pandas(),
            report_files(self._resource.reports.resolve(), dataset).report,
            self._resource.report_url(dataset),
            _UNITS[self._graph.modality],
        )
        return Item(found.message, found.state)
