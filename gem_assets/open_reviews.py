"""What of a dataset waits for a person: open findings, and labels to review for a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gem_assets.problems import InputProblem, refuse
from gem_assets.settings import Modality, Settings

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

    from gem_assets.qc.calibration import Calibration
    from gem_assets.warehouse import Warehouse


@dataclass(frozen=True, slots=True, eq=False)
class LastRun:
    """What the last run of a dataset judged, and where its reviews are.

    Attributes
    ----------
    modality, name
        Which dataset.
    path
        Where its reviews are, if it has any.
    warehouse
        Holds its tables.
    verdicts
        Its ``qc_verdicts``.
    """

    modality: Modality
    name: str
    path: UPath
    warehouse: Warehouse
    verdicts: pd.DataFrame

    @property
    def title(self) -> str:
        """Its name, with its modality."""
        return f"{self.modality}/{self.name}"

    def reviews(self) -> pd.DataFrame:
        """Return the last word on each label, by the file as it is now.

        Raises
        ------
        gem_assets.problems.RefusedInputError
            As `gem_assets.assets.reviews.reviews_in`.
        """
        import pandas as pd

        from gem_assets.assets.reviews import reviews_in
        from gem_assets.qc.review import REVIEW_COLUMNS, read_reviews

        found = reviews_in(self.path) if self.path.exists() else None
        return read_reviews(pd.DataFrame(columns=list(REVIEW_COLUMNS))) if found is None else found


@dataclass(frozen=True, slots=True, eq=False)
class OpenReviews:
    """What of a dataset waits for a person.

    Attributes
    ----------
    name
        Of the dataset, with its modality.
    headline
        How much is open.
    verdicts
        The open rows of ``qc_verdicts``, the worst first.
    findings
        Sentences of the open findings.
    problems
        Warnings about ``review.csv``.
    calibrations
        Of each field of which a probability was judged; none of groups of cells.
    next_samples
        For each of them, the samples whose label to review next for it.
    command
        How to write a decision down.
    """

    name: str
    headline: str
    verdicts: pd.DataFrame
    findings: tuple[str, ...]
    problems: tuple[InputProblem, ...]
    calibrations: dict[str, Calibration]
    next_samples: dict[str, list[str]]
    command: str


def last_run(settings: Settings, dataset: str) -> LastRun:
    """Find what the last run of a dataset judged.

    Parameters
    ----------
    settings
        Locations.
    dataset
        ``NAME`` or, where both modalities have one, ``bulk/NAME``.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such dataset, or nothing was judged of it.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    from upath import UPath

    from gem_assets.datasets import choose_datasets, review_path
    from gem_assets.warehouse import Warehouse

    chosen = choose_datasets(settings.data, [dataset])
    if len(chosen) > 1:
        both = " or ".join(f"{modality}/{dataset}" for modality in chosen)
        raise refuse("dataset_in_both", f"There are two datasets {dataset!r}.", f"Say {both}.")
    [(modality, [name])] = chosen.items()
    path = review_path(UPath(settings.data) / modality / name)
    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", f"gem_{modality}")
    if not warehouse.exists("qc_verdicts", name):
        raise refuse(
            "nothing_judged",
            f"No label of {modality}/{name} was judged yet in {settings.results!r}.",
            f"Run gem-assets run {modality}/{name} first; a dataset needs a sample sheet to be "
            "judged.",
        )
    verdicts = warehouse.read("qc_verdicts", name).to_pandas()
    return LastRun(modality, name, path, warehouse, verdicts)


def open_reviews(settings: Settings, dataset: str, n: int = 5) -> OpenReviews:
    """Return what waits for a person in a dataset, by its last run and its ``review.csv`` of now.

    Parameters
    ----------
    settings, dataset
        As of `last_run`.
    n
        Samples a field to name for its calibration.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        As `last_run`, and if its reviews or thresholds can't be understood.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.qc.calibration import next_to_review
    from gem_assets.qc.open_findings import open_findings, open_verdicts
    from gem_assets.qc.review import apply_reviews

    run = last_run(settings, dataset)
    reviews = run.reviews()
    applied = apply_reviews(run.verdicts, reviews, source=str(run.path))
    findings = open_findings(
        run.warehouse.read("qc_findings", run.name).to_pandas(), applied.verdicts
    )
    verdicts = _worst_first(open_verdicts(applied.verdicts))
    fitted = _calibrations(settings, run, reviews)
    return OpenReviews(
        run.title,
        _headline(len(verdicts), len(findings)),
        verdicts,
        tuple(findings["sentence"].astype(str)),
        applied.problems,
        fitted,
        {field: next_to_review(run.verdicts, reviews, field, n) for field in fitted},
        f"gem-assets review {dataset} SAMPLE FIELD label_correct|label_wrong|exclude",
    )


def worst_open(settings: Settings, schema: str, dataset: str) -> str | None:
    """Return how bad the worst is that waits for a person, by the dataset's last run.

    Returns
    -------
    str or None
        ``fail`` for a label, ``warn`` for a doubtful label or a finding, None for nothing.

    Raises
    ------
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read.
    """
    from gem_assets.qc.open_findings import open_findings, open_verdicts
    from gem_assets.warehouse import Warehouse

    warehouse = Warehouse(Path(settings.results) / "warehouse.duckdb", schema)
    verdicts = warehouse.read("qc_verdicts", dataset).to_pandas()
    labels = open_verdicts(verdicts)
    if labels["status"].eq("fail").any():
        return "fail"
    findings = open_findings(warehouse.read("qc_findings", dataset).to_pandas(), verdicts)
    return None if labels.empty and findings.empty else "warn"


def _calibrations(
    settings: Settings, run: LastRun, reviews: pd.DataFrame
) -> dict[str, Calibration]:
    from gem_assets.assets.reviews import evidence_elsewhere
    from gem_assets.datasets import dataset_config
    from gem_assets.qc.calibration import calibrations
    from gem_assets.qc.settings import QcSettings

    if run.modality == "sc":
        return {}  # no table holds the probabilities of a group of cells
    config = dataset_config(settings.data, run.modality, run.name)
    thresholds = QcSettings.from_mapping(config.thresholds)
    return calibrations(
        run.verdicts,
        reviews,
        run.warehouse.read("predicted_metadata", run.name).to_pandas(),
        run.warehouse.read("classifier_probs", run.name).to_pandas(),
        thresholds,
        elsewhere=evidence_elsewhere(
            settings.data, run.warehouse, run.name, run.verdicts, thresholds
        ),
    )


def _worst_first(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return fails before warnings, and within each the least compatible label first."""
    from gem_assets.qc.reasons import STATUS_ORDER

    badness = verdicts["status"].map(lambda status: STATUS_ORDER.index(str(status)))
    ranked = verdicts.assign(_badness=badness)
    ranked = ranked.sort_values(["_badness", "ratio"], ascending=False, kind="stable")
    return ranked.drop(columns="_badness")


def _headline(labels: int, findings: int) -> str:
    if not labels and not findings:
        return "nothing is open."
    parts = [(labels, "flagged label"), (findings, "finding")]
    told = [f"{n} {what}{'' if n == 1 else 's'}" for n, what in parts if n]
    return f"{' and '.join(told)} {'is' if labels + findings == 1 else 'are'} open."
