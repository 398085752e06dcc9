"""The self-test of a dataset as it lies in the warehouse: ``gem-assets selftest``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from gem_assets.open_reviews import LastRun, last_run
from gem_assets.outlook import SEED
from gem_assets.problems import refuse
from gem_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.predictions.standing import Progress
    from gem_assets.qc.planted_mixtures import MixedSamples
    from gem_assets.qc.selftest import SelfTest


@dataclass(frozen=True, slots=True, eq=False)
class SelftestOutcome:
    """What a self-test came to.

    Attributes
    ----------
    name
        Of the dataset, with its modality.
    table
        Its rows of ``qc_selftest``; None where mixtures would have to be sent first, and nobody
        said that they may.
    to_send
        What would be sent where; empty if nothing was to be mixed.
    failures
        Why the endpoint did not answer for some mixtures, by mixture.
    """

    name: str
    table: pd.DataFrame | None
    to_send: str = ""
    failures: tuple[str, ...] = ()


def selftest_dataset(
    settings: Settings,
    dataset: str,
    *,
    swaps: int,
    mixtures: int = 0,
    send: bool = False,
    on_step: Callable[[str], object] = lambda _: None,
    on_progress: Progress | None = None,
) -> SelftestOutcome:
    """Plant errors in a dataset that was judged, and count those that are found.

    The result takes the place of an earlier one in ``qc_selftest``, whose mixtures are kept if none
    are mixed now; nothing else is changed. Swaps and slips of the sheet cost no prediction.

    Parameters
    ----------
    settings
        Locations and endpoint mode.
    dataset
        ``NAME`` or, where both modalities have one, ``bulk/NAME``.
    swaps
        Pairs of samples to exchange.
    mixtures
        Samples to mix in silico; each is predicted, unless it was before.
    send
        Whether they may be sent.
    on_step, on_progress
        Told what is being done, and how many mixtures are predicted.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If there is no such dataset, nothing was judged of it, it is of single cells, or its
        thresholds can't be understood.
    gem_assets.endpoint.errors.EndpointError, gem_assets.predictions.errors.PredictionsError
        If the endpoint can't answer.
    gem_assets.warehouse.errors.WarehouseError
        If the warehouse can't be read or written.
    """
    from gem_assets.datasets import dataset_config
    from gem_assets.judging import read_input
    from gem_assets.qc.selftest import SelfTest
    from gem_assets.qc.selftest_table import selftest_table, with_earlier_mixtures
    from gem_assets.qc.settings import QcSettings

    run = last_run(settings, dataset)
    if run.modality == "sc":
        raise refuse(
            "not_for_cells",
            f"{run.title} holds single cells, which are judged by groups; errors are planted in "
            "bulk samples only.",
            "Name a bulk dataset.",
        )
    config = dataset_config(settings.data, run.modality, run.name)
    thresholds = QcSettings.from_mapping(config.thresholds)
    on_step(f"{run.title}: judging it as it stands")
    given = read_input(run.warehouse, run.name, all_genes=mixtures > 0)
    predicted = given.tables["predicted_metadata"]
    test = SelfTest(given, thresholds)
    asked = _Asked()
    if mixtures:
        on_step(f"{run.title}: mixing {mixtures:,} samples")
        asked = _ask(settings, run, test, predicted, mixtures, send, on_progress)
        if asked.waits:
            return SelftestOutcome(run.title, None, asked.to_send)
    tallies = [
        test.swaps(swaps, _quarters(on_step, f"{run.title}: samples exchanged")),
        test.shifts(_quarters(on_step, f"{run.title}: sheet slipped")),
    ]
    if mixtures:
        tallies += test.mixtures(asked.mixed, _quarters(on_step, f"{run.title}: samples mixed"))
    table = selftest_table(
        run.name, tallies, predicted, thresholds, run_id=str(uuid4()), at=datetime.now(UTC), seed=0
    )
    table = with_earlier_mixtures(table, run.warehouse.read("qc_selftest", run.name).to_pandas())
    run.warehouse.replace_partition({"qc_selftest": table}, run.name)
    return SelftestOutcome(run.title, table, asked.to_send, asked.failures)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What came of asking about mixtures; ``waits``: nothing, as nobody said that it may."""

    to_send: str = ""
    mixed: MixedSamples | None = None
    failures: tuple[str, ...] = ()
    waits: bool = False


def _ask(
    settings: Settings,
    run: LastRun,
    test: SelfTest,
    predicted: pd.DataFrame,
    n: int,
    send: bool,
    on_progress: Progress | None,
) -> _Asked:
    """Ask about mixtures: what is known is looked up, and the rest sent if it may be."""
    from gem_assets.endpoint.connection import EndpointConnection
    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.mixing import mixtures_to_ask, predict_mixtures
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.store import Store

    endpoint = EndpointSettings.from_environment(
        settings.endpoint, run.modality, family=settings.model
    )
    results = Path(settings.results)
    store = Store(results / "predictions")
    with Ledger(f"sqlite:///{results / 'ledger.sqlite'}") as ledger:
        mixtures = mixtures_to_ask(test, n, endpoint, ledger, store, predicted, seed=SEED)
        if mixtures is None:
            return _Asked()
        if mixtures.plan.new and not send:
            return _Asked(mixtures.sentence, waits=True)
        with EndpointConnection(endpoint) as connection:
            mixed, failures = predict_mixtures(
                mixtures, run.name, connection, ledger, store, on_progress=on_progress
            )
    told = tuple(f"{name}: {why}" for name, why in failures.items())
    return _Asked(mixtures.sentence, mixed, told)


def _quarters(on_step: Callable[[str], object], doing: str) -> Callable[[int, int], None]:
    """Return what tells how often the dataset was judged: at each quarter of the way."""

    def judged(done: int, total: int) -> None:
        if 4 * done // total > 4 * (done - 1) // total:
            on_step(f"{doing}, judged {done:,} of {total:,} times")

    return judged
