"""The component ``gem_assets.GemMetadataQc``: the asset graph, declared in a ``defs.yaml``.

Typed attributes over `gem_assets.build_gem_assets`, which does everything.
"""

from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import Field

from gem_assets.endpoint_watch import OnNewModel
from gem_assets.graph import DEFAULT_RETRIES, Retries
from gem_assets.scaffolder import GemMetadataQcScaffolder
from gem_assets.settings import EndpointMode, Modality, ModelFamily, Settings


@dg.scaffold_with(GemMetadataQcScaffolder)
class GemMetadataQc(dg.Component, dg.Resolvable, dg.Model):
    """Find the RNA-seq samples whose stated labels their expression contradicts.

    Reads raw counts and sample sheets, has the metadata of each sample predicted by GEM-1 (or by
    the embedded model, which is not GEM-1), and reports the labels that differ, as tables in DuckDB
    and as one HTML page a dataset.

    Secrets stand in no YAML: ``SYNTHESIZE_API_KEY`` and the other ``SYNTHESIZE_*`` variables are
    read from the environment when a step connects to the endpoint.
    """

    modality: Annotated[
        Modality,
        Field(description="bulk: a sample is a library; sc: it is a single cell."),
    ]
    endpoint: Annotated[
        EndpointMode,
        Field(
            description=(
                "Who predicts. embedded: a small model on this machine, which is not GEM-1; "
                "nothing is sent. hosted: Synthesize Bio's API, to which counts are sent, and "
                "which is paid. self_hosted: your own container of GEM-1. Always said, never "
                "guessed: it decides where your data go."
            )
        ),
    ]
    data: Annotated[
        str,
        Field(
            description=(
                "Folder, or fsspec location such as s3://bucket/lab, that holds bulk/NAME and "
                "sc/NAME; never written to. Relative to the project's root."
            )
        ),
    ] = "data"
    results: Annotated[
        str,
        Field(
            description=(
                "Local folder of everything that is made: warehouse.duckdb, predictions, reports. "
                "Relative to the project's root. Instances may share it."
            )
        ),
    ] = "results"
    key_prefix: Annotated[
        str | None,
        Field(
            description=(
                "First part of every asset key, and the DuckDB schema: lower-case letters, digits "
                "and _. Every instance needs its own; gem_bulk or gem_sc unless said otherwise."
            )
        ),
    ] = None
    model_family: Annotated[
        ModelFamily,
        Field(
            description=(
                "Which models are asked: gem-1, gem-2 (by its canonical id) or gem-2-alias (by the "
                "modality's)."
            )
        ),
    ] = "gem-1"
    fields: Annotated[
        list[str] | None,
        Field(
            description=(
                "Fields whose labels are judged, e.g. [tissue, sex]; all that there is a rule for "
                "unless said otherwise: tissue, cell_type, disease, cell_line, sex, sample_type, "
                "age."
            )
        ),
    ] = None
    thresholds: Annotated[
        dict[str, float] | None,
        Field(
            description=(
                "Thresholds of the verdicts for all datasets, e.g. {contradicts_ratio: 300}; what "
                "a dataset.yaml says goes before."
            )
        ),
    ] = None
    max_new_samples_per_run: Annotated[
        int,
        Field(description="A run that would send more samples than this sends none.", ge=1),
    ] = 10_000
    requests_per_second: Annotated[
        float | None,
        Field(description="Requests of one step at most; no limit unless said.", gt=0),
    ] = None
    concurrency: Annotated[
        int | None,
        Field(description="Queries of one step under way at a time; 4 unless said.", ge=1),
    ] = None
    chunk_size: Annotated[
        int | None,
        Field(
            description="Samples in one query; 32 bulk samples or 128 cells unless said.",
            ge=1,
        ),
    ] = None
    on_new_model: Annotated[
        OnNewModel,
        Field(
            description=(
                "What the endpoint sensor, once it is turned on, does about a new model version: "
                "mark_stale shows what lies downstream as stale; repredict predicts every dataset "
                "anew, which may be paid."
            )
        ),
    ] = "mark_stale"
    prewarm_minutes: Annotated[
        int | None,
        Field(
            description=(
                "Wake the model so many minutes before the daily refresh; not unless said."
            )
        ),
    ] = None
    auto_run: Annotated[
        bool,
        Field(
            description=(
                "Whether the folder sensor, once it is turned on, refreshes datasets whose files "
                "have changed. Off: it runs from the start, registers new folders and tells of "
                "changes."
            )
        ),
    ] = False
    fresh_within_hours: Annotated[
        float | None,
        Field(
            description="qc_report is shown as overdue after so many hours without a report.", ge=1
        ),
    ] = None
    slack_webhook_env: Annotated[
        str | None,
        Field(
            description=(
                "Name of the environment variable that holds the URL of a Slack-compatible "
                "webhook, which is told of findings and failures; the URL itself is a secret and "
                "stands in no YAML."
            )
        ),
    ] = None
    retries: Annotated[
        int,
        Field(
            description=(
                "How often a step is tried again after what passes by itself, such as a cold model."
            ),
            ge=0,
        ),
    ] = DEFAULT_RETRIES.most
    seconds_between_retries: Annotated[
        float, Field(description="How long Dagster waits before it tries again.", ge=0)
    ] = DEFAULT_RETRIES.seconds
    reports_url: Annotated[
        str | None,
        Field(
            description=(
                "http(s) address at which you serve results/reports; Dagster's pages link there."
            )
        ),
    ] = None
    selftest: Annotated[
        bool,
        Field(
            description=(
                "Whether there is an asset qc_selftest, which plants errors in a dataset and "
                "counts those that are found; bulk only."
            )
        ),
    ] = False
    owners: Annotated[
        list[str] | None,
        Field(description="Owners of the assets: team:NAME, or an e-mail address."),
    ] = None
    tags: Annotated[
        dict[str, str] | None,
        Field(description="Tags of the assets, e.g. {lab/study: atlas}."),
    ] = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return assets, checks, jobs, sensors, schedules and resources of this instance."""
        from gem_assets.assets.build import build_gem_assets

        return build_gem_assets(
            self.modality,
            key_prefix=self.key_prefix,
            settings=Settings(
                data=_place(context.project_root, self.data),
                results=_place(context.project_root, self.results),
                endpoint=self.endpoint,
                model=self.model_family,
                reports_url=self.reports_url,
            ),
            fields=self.fields,
            thresholds=self.thresholds,
            max_new_samples_per_run=self.max_new_samples_per_run,
            requests_per_second=self.requests_per_second,
            concurrency=self.concurrency,
            chunk_size=self.chunk_size,
            on_new_model=self.on_new_model,
            prewarm_minutes=self.prewarm_minutes,
            selftest=self.selftest,
            auto_run=self.auto_run,
            fresh_within_hours=self.fresh_within_hours,
            slack_webhook_env=self.slack_webhook_env,
            retries=Retries(self.retries, self.seconds_between_retries),
            owners=self.owners or (),
            tags=self.tags,
            translation=self.get_asset_spec,
        )

    def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        """Return the spec to use for an asset of ours; override it to change groups, owners...

        Parameters
        ----------
        spec
            As `gem_assets.build_gem_assets` declares it, with ``owners`` and ``tags``. Its key must
            stay: ``key_prefix`` changes all keys.

        Examples
        --------
        >>> import dagster as dg
        >>> from gem_assets import GemMetadataQc
        >>> class LabMetadataQc(GemMetadataQc):
        ...     def get_asset_spec(self, spec: dg.AssetSpec) -> dg.AssetSpec:
        ...         return super().get_asset_spec(spec).replace_attributes(group_name="sequencing")
        """
        return spec


def _place(root: Path, place: str) -> str:
    """Return a location: URLs and absolute paths as they are, others below the project's root."""
    return place if "://" in place else str(root / Path(place).expanduser())
