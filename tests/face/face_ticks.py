"""A sensor of a project, tick by tick: what Dagster's daemon does, without its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from face_lab import Project

from gem_assets.assets.build import build_gem_assets
from gem_assets.settings import Settings

if TYPE_CHECKING:  # the types of what a tick returns are not public
    from dagster._core.definitions.sensor_definition import SensorExecutionData


class Ticking:
    """One sensor of a project over an instance that is stored on disk.

    Attributes
    ----------
    cursor
        What the last tick left.
    run_keys
        Keys of the runs that were requested; Dagster starts none of them twice.
    """

    def __init__(self, project: Project, sensor: str, **options: Any) -> None:
        self.project = project
        self.cursor: str | None = None
        self.run_keys: list[str] = []
        settings = Settings(
            str(project.data),
            str(project.results),
            project.endpoint,
            reports_url=options.pop("reports_url", None),
        )
        self.definitions = build_gem_assets(project.modality, settings=settings, **options)
        self.sensor = self.definitions.resolve_sensor_def(sensor)
        # Whatever costs money, or speaks to others, waits to be turned on.
        is_free = sensor.endswith("_folder_sensor") and not options.get("auto_run")
        assert (self.sensor.default_status is dg.DefaultSensorStatus.RUNNING) == is_free

    def tick(self) -> SensorExecutionData:
        """Let the sensor look once, and do what it asks for, but for the runs."""
        instance = self.project.instance
        resources = self.definitions.resources or {}
        with dg.build_sensor_context(
            instance=instance,
            cursor=self.cursor,
            instance_ref=instance.get_ref(),
            repository_def=self.definitions.get_repository_def(),
            resources={key: resources[key] for key in self.sensor.required_resource_keys},
        ) as context:
            result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor or self.cursor
        for request in result.dynamic_partitions_requests or ():
            assert isinstance(request, dg.AddDynamicPartitionsRequest)
            instance.add_dynamic_partitions(
                request.partitions_def_name, list(request.partition_keys)
            )
        for event in result.asset_events:
            instance.report_runless_asset_event(event)
        self.run_keys += [str(request.run_key) for request in result.run_requests or ()]
        return result

    def said(self) -> str:
        """Let the sensor look once, and return what it says that it did."""
        return str(self.tick().skip_message)
