"""When things run, and who is told: jobs, sensors, schedules, and how fresh a report is to be.

`docs/automation.md` says when each fires and what it costs. All are off until turned on, but for
the folder sensor where it requests nothing.
"""

from gem_assets.automation.endpoint_sensor import endpoint_sensor
from gem_assets.automation.failure_sensor import failure_sensor
from gem_assets.automation.folder_sensor import folder_sensor
from gem_assets.automation.freshness import report_freshness
from gem_assets.automation.jobs import endpoint_job, refresh_job
from gem_assets.automation.notifiers import chosen_notifiers
from gem_assets.automation.qc_sensor import qc_sensor
from gem_assets.automation.schedules import DAILY_HOUR, daily_schedule, prewarm_schedule

__all__ = [
    "DAILY_HOUR",
    "chosen_notifiers",
    "daily_schedule",
    "endpoint_job",
    "endpoint_sensor",
    "failure_sensor",
    "folder_sensor",
    "prewarm_schedule",
    "qc_sensor",
    "refresh_job",
    "report_freshness",
]
