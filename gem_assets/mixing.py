"""Ask a model about mixtures of a dataset's samples: what it would cost, and the asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gem_assets.problems import refuse

if TYPE_CHECKING:
    import pandas as pd

    from gem_assets.counts.matrix import CountMatrix
    from gem_assets.endpoint.connection import EndpointConnection
    from gem_assets.endpoint.observation import ObservedModel
    from gem_assets.endpoint.readiness import Readiness
    from gem_assets.endpoint.settings import EndpointSettings
    from gem_assets.genes.alignment import Alignment
    from gem_assets.predictions.ledger import Ledger
    from gem_assets.predictions.plan import PredictionPlan
    from gem_assets.predictions.standing import Progress
    from gem_assets.predictions.store import Store
    from gem_assets.qc.planted_mixtures import MixedSamples, PlannedMixture
    from gem_assets.qc.selftest import SelfTest


@dataclass(frozen=True, slots=True, eq=False)
class MixturesToAsk:
    """Mixtures, and what asking about them would send.

    Attributes
    ----------
    planned, counts, alignment, content_hashes
        What is mixed; its raw counts, and those in the gene order of the model.
    model
        The model that the dataset was predicted by.
    seed
        Of the question.
    host
        Where the counts would go; ``embedded`` if nowhere.
    plan
        How many of them are known, under way and new.
    """

    planned: tuple[PlannedMixture, ...]
    counts: CountMatrix
    alignment: Alignment
    content_hashes: list[str]
    model: ObservedModel
    seed: int
    host: str
    plan: PredictionPlan

    @property
    def sentence(self) -> str:
        """What would be sent where."""
        plan = self.plan
        answered = plan.known + plan.under_way
        known = f"; {answered:,} of them were asked about before" if answered else ""
        return f"{plan.samples:,} mixtures{known}: {plan.new:,} samples to send to {self.host}."


def mixtures_to_ask(
    test: SelfTest,
    n: int,
    endpoint: EndpointSettings,
    ledger: Ledger,
    store: Store,
    predicted_metadata: pd.DataFrame,
    *,
    seed: int,
) -> MixturesToAsk | None:
    """Mix samples and look up what is known of them; nobody is asked.

    Parameters
    ----------
    test
        The self-test of the dataset.
    n
        How many mixtures.
    endpoint
        Who would be asked.
    ledger, store
        Where questions and answers are kept.
    predicted_metadata
        The dataset's predictions: the mixtures are asked about in the same way.
    seed
        Of the question: the one that the dataset was predicted with.

    Returns
    -------
    MixturesToAsk or None
        None where the dataset has nothing to mix.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If the endpoint's model isn't the one that the dataset was predicted by.
    """
    from gem_assets.genes.alignment import align_counts, hash_counts
    from gem_assets.genes.order import GeneOrder
    from gem_assets.predictions.observations import latest_observation
    from gem_assets.predictions.plan import plan_predictions, question_of

    planned = test.plan_mixtures(n)
    if not planned:
        return None
    model = _same_model(latest_observation(endpoint, ledger, store), predicted_metadata)
    counts = test.mixed_counts(planned)
    alignment = align_counts(counts, GeneOrder(model.gene_order))
    hashes = hash_counts(alignment.counts)
    plan = plan_predictions(hashes, question_of(model, seed), ledger, store)
    return MixturesToAsk(planned, counts, alignment, hashes, model, seed, endpoint.host, plan)


def predict_mixtures(
    mixtures: MixturesToAsk,
    dataset: str,
    connection: EndpointConnection,
    ledger: Ledger,
    store: Store,
    *,
    max_new_samples: int | None = None,
    ready_timeout: float | None = None,
    on_progress: Progress | None = None,
    on_state_change: Callable[[Readiness], object] | None = None,
) -> tuple[MixedSamples, dict[str, str]]:
    """Ask about mixtures that nobody was asked about before.

    Parameters
    ----------
    mixtures
        What to ask about.
    dataset
        Name of the dataset.
    connection
        An open connection.
    ledger, store
        Where questions and answers are kept.
    max_new_samples
        More than this are not sent; None: no limit.
    ready_timeout
        Seconds to wait for the model to wake; None: as always.
    on_progress, on_state_change
        Told how many mixtures are predicted, and how the model wakes.

    Returns
    -------
    mixed, failures
        The mixtures that were answered, and why the others were not.

    Raises
    ------
    gem_assets.problems.RefusedInputError
        If another model has come to serve. No mixture was sent.
    gem_assets.endpoint.errors.EndpointError, gem_assets.predictions.errors.PredictionsError
        If the endpoint can't answer.
    """
    import pandas as pd

    from gem_assets.endpoint.readiness import DEFAULT_WAIT
    from gem_assets.genes.order import hash_gene_ids
    from gem_assets.predictions.flow import PredictOptions, predict_counts
    from gem_assets.predictions.observations import observe_awake
    from gem_assets.predictions.tables import prediction_tables
    from gem_assets.qc.planted_mixtures import MixedSamples

    settings, model = connection.settings, mixtures.model
    if settings.mode != "embedded" and mixtures.plan.new:
        now, _ = observe_awake(
            connection,
            ledger,
            store,
            max_age_seconds=settings.warm_seconds,
            ready_timeout=DEFAULT_WAIT if ready_timeout is None else ready_timeout,
            on_state_change=on_state_change,
        )
        _require_version(now, model.model_version)
    names, aligned = mixtures.counts.sample_ids, mixtures.alignment.counts
    run = predict_counts(
        connection,
        aligned,
        names,
        mixtures.content_hashes,
        model,
        ledger,
        store,
        PredictOptions(seed=mixtures.seed, max_new_samples=max_new_samples),
        on_progress,
    )
    tables = prediction_tables(dataset, names, run, store, aligned, "bulk")
    judged_by = {
        "predicted_metadata": tables["predicted_metadata"].to_pandas(),
        "classifier_probs": tables["classifier_probs"].to_pandas(),
        "decoded_counts": tables["decoded_counts"]
        .select(["sample_id", "reconstruction_r"])
        .to_pandas(),
        "aligned_counts": pd.DataFrame(
            {
                "sample_id": list(names),
                "matched_share": mixtures.alignment.matched_share,
                "content_hash": mixtures.content_hashes,
                "gene_order_hash": hash_gene_ids(model.gene_order),
            }
        ),
    }
    answered = tuple(one for one in mixtures.planned if one.name not in run.failures)
    return MixedSamples(answered, mixtures.counts, judged_by), dict(run.failures)


def _same_model(model: ObservedModel | None, predicted_metadata: pd.DataFrame) -> ObservedModel:
    """Return the model, if it is the one that gave the predictions."""
    told = predicted_metadata.iloc[0]
    if model is None or model.model_id != told["model_id"]:
        raise refuse(
            "another_model",
            f"The dataset was predicted by {told['model_id']} {told['model_version']}, which this "
            "endpoint was not seen to serve; mixtures are compared with its samples, so the same "
            "model must answer.",
            "Choose the endpoint that predicted it, or run gem-assets run first.",
        )
    _require_version(model, str(told["model_version"]))
    return model


def _require_version(model: ObservedModel, version: str) -> None:
    if model.model_version != version:
        raise refuse(
            "another_model",
            f"The dataset was predicted by version {version} of {model.model_id}, but "
            f"{model.model_version} serves now; mixtures are compared with its samples, so the "
            "same model must answer.",
            "Run gem-assets run first, so that the dataset is predicted by the new version.",
        )
