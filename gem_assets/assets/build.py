"""``build_gem_assets()``: everything that one instance of the graph brings to a Dagster project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from gem_assets import automation
from gem_assets.assets.aligned_counts import aligned_counts
from gem_assets.assets.gem_endpoint import gem_endpoint
from gem_assets.assets.gene_order import gene_order
from gem_assets.assets.predictions import predictions
from gem_assets.assets.qc import quality_control
from gem_assets.assets.qc_report import qc_report
from gem_assets.assets.qc_selftest import qc_selftest
from gem_assets.assets.raw_counts import raw_counts
from gem_assets.assets.sample_labels import sample_labels
from gem_assets.assets.translation import Translation, translate
from gem_assets.endpoint_watch import OnNewModel
from gem_assets.graph import DEFAULT_RETRIES, AssetGraph, Retries
from gem_assets.qc.settings import QcSettings
from gem_assets.resources import GemDatasets, GemEndpoint, GemWarehouse
from gem_assets.settings import Modality, Settings

if TYPE_CHECKING:
    from gem_assets.endpoint.model_names import Family
    from gem_assets.notifications import Notifier


def build_gem_assets(
    modality: Modality,
    *,
    key_prefix: str | None = None,
    settings: Settings | None = None,
    max_new_samples_per_run: int = 10_000,
    requests_per_second: float | None = None,
    concurrency: int | None = None,
    chunk_size: int | None = None,
    model_family: Family | None = None,
    on_new_model: OnNewModel = "mark_stale",
    prewarm_minutes: int | None = None,
    selftest: bool = False,
    fields: Sequence[str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    owners: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    translation: Translation | None = None,
    auto_run: bool = False,
    fresh_within_hours: float | None = None,
    notifiers: Sequence[Notifier] = (),
    slack_webhook_env: str | None = None,
    retries: Retries = DEFAULT_RETRIES,
) -> dg.Definitions:
    """Return assets, checks, jobs, sensors, schedules and resources of one instance.

    Parameters
    ----------
    modality
        ``bulk`` or ``sc``.
    key_prefix
        First part of every asset key, and the DuckDB schema; ``gem_bulk`` or ``gem_sc`` unless
        said otherwise. Give each instance in a project its own.
    settings
        Locations and endpoint mode; read from the ``GEM_ASSETS_*`` variables unless given.
    max_new_samples_per_run
        A run that would send more samples than this stops before it sends any.
    requests_per_second, concurrency, chunk_size
        Requests of one step at most (None: no limit), its queries under way at a time (None: 4),
        and samples in a query (None: 32 bulk samples, 128 cells).
    model_family
        ``gem-1``; ``gem-2`` (by its canonical id) or ``gem-2-alias`` (by the modality's); None: as
        the settings say.
    on_new_model
        What the endpoint sensor, if it is turned on, does about a new model version:
        ``mark_stale`` shows what lies downstream as stale, ``repredict`` fetches the gene order
        and refreshes every dataset that was predicted before, which is paid.
    prewarm_minutes
        Wake the model so many minutes before the daily refresh, by a schedule of its own; None:
        don't. The embedded model needs no waking.
    selftest
        Whether there is an asset ``qc_selftest``, which plants errors in a dataset and counts those
        that are found; bulk only. No job runs it: it judges a dataset hundreds of times.
    fields
        The fields whose labels are judged, e.g. ``["tissue", "sex"]``; None: all that there is a
        rule for. Labels of the others are read and shown, but called right or wrong by nobody.
    thresholds
        Thresholds of the verdicts (`gem_assets.qc.settings.QcSettings`) for all datasets; what a
        ``dataset.yaml`` says goes before.
    owners, tags
        Owners (``team:NAME`` or an e-mail address) and tags of every asset but ``gem_endpoint``,
        which Dagster observes and doesn't own.
    translation
        Takes the spec of each of these assets, owners and tags included, and returns the one to
        use: another group, description, metadata... Their keys stay.
    auto_run
        Whether the folder sensor, once it is turned on, requests the refresh of a dataset whose
        files have changed (and are the same for two ticks). Off: it runs from the start, registers
        new folders and tells of changes, which costs nothing.
    fresh_within_hours
        Dagster's freshness policy of ``qc_report`` fails when no report was made for so long; the
        youngest of any dataset counts. None: no policy.
    notifiers
        Who is told by the sensors of findings and of failed runs, if they are turned on; see
        `gem_assets.notifications.Notifier`. None given, nor a webhook: the log.
    slack_webhook_env
        Name of the environment variable that holds the URL of a Slack-compatible incoming webhook,
        which is told too. The URL is a secret, read where and when a message is sent.
    retries
        How often, and how many seconds apart, a step is tried again after what passes by itself.

    Returns
    -------
    dagster.Definitions
        To be used as they are, or merged with a project's own.

    Raises
    ------
    ValueError
        If modality, key prefix, endpoint mode, ``on_new_model``, ``prewarm_minutes``,
        ``fresh_within_hours`` or ``slack_webhook_env`` are none, if two notifiers share a name, a
        self-test of single cells is asked for, a number for the endpoint is none above 0, a field
        or threshold is unknown, or the translation changes a key.
    TypeError
        If the translation returns no spec.

    Examples
    --------
    >>> import dagster as dg
    >>> from gem_assets import build_gem_assets
    >>> defs = dg.Definitions.merge(
    ...     build_gem_assets("bulk"),
    ...     build_gem_assets("bulk", key_prefix="mouse_trap"),
    ... )
    """
    prefix = f"gem_{modality}" if key_prefix is None else key_prefix
    graph = AssetGraph(modality, prefix, retries)
    chosen = settings or Settings.from_environment()
    if on_new_model not in ("mark_stale", "repredict"):
        raise ValueError(f"on_new_model is {on_new_model!r}; it must be mark_stale or repredict.")
    if selftest and modality != "bulk":
        raise ValueError("selftest plants errors in bulk samples only; leave it out for sc.")
    QcSettings.from_mapping(thresholds or {}).judging(fields)
    refresh, observe = automation.refresh_job(graph), automation.endpoint_job(graph)
    schedules = [automation.daily_schedule(graph, refresh)]
    if prewarm_minutes is not None:
        prewarm = automation.prewarm_schedule(graph, observe, prewarm_minutes)
        schedules += [prewarm] if chosen.endpoint != "embedded" else []
    told = automation.chosen_notifiers(notifiers, slack_webhook_env)
    return dg.Definitions(
        assets=[
            gem_endpoint(graph),
            *translate(
                graph,
                [
                    gene_order(graph),
                    raw_counts(graph),
                    aligned_counts(graph),
                    predictions(graph),
                    sample_labels(graph),
                    quality_control(graph),
                    qc_report(graph, automation.report_freshness(fresh_within_hours)),
                    *([qc_selftest(graph)] if selftest else []),
                ],
                owners=owners,
                tags=tags or {},
                translation=translation,
            ),
        ],
        jobs=[refresh, observe],
        sensors=[
            automation.folder_sensor(graph, refresh, auto_run=auto_run),
            automation.endpoint_sensor(graph, [observe, refresh], on_new_model),
            automation.qc_sensor(graph, told),
            automation.failure_sensor(graph, told),
        ],
        schedules=schedules,
        resources={
            graph.datasets: GemDatasets(
                data=chosen.data,
                modality=modality,
                thresholds=dict(thresholds or {}),
                fields=None if fields is None else list(fields),
            ),
            graph.warehouse: GemWarehouse(
                results=chosen.results,
                schema_name=graph.key_prefix,
                modality=modality,
                reports_url=chosen.reports_url,
            ),
            graph.endpoint: GemEndpoint(
                mode=chosen.endpoint,
                modality=modality,
                results=chosen.results,
                max_new_samples_per_run=max_new_samples_per_run,
                requests_per_second=requests_per_second,
                concurrency=concurrency,
                chunk_size=chunk_size,
                model_family=model_family or chosen.model,
            ),
        },
    )
