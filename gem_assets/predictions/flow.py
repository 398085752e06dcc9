"""The predictions of some samples: what is known is looked up, what isn't is asked, once.

1. Samples become content keys; those with an answer in the store make no call.
2. The others are claimed in the ledger. What another live run has claimed is waited for.
3. Claimed samples that an earlier run sent without seeing the answer are fetched.
4. The rest is sent in chunks; every answer is kept at once.

A run that is killed at any point is repeated by calling again.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.connection import EndpointConnection
from gem_assets.endpoint.observation import ObservedModel
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.asking import SUBMIT_GRACE_SECONDS, Asking, Questions
from gem_assets.predictions.claims import Claims
from gem_assets.predictions.keys import Parameter, Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.lookup import locate, refresh_index
from gem_assets.predictions.memory import give_back_memory
from gem_assets.predictions.run import PredictionRun
from gem_assets.predictions.spool import CountRows
from gem_assets.predictions.standing import Progress, Standing
from gem_assets.predictions.store import Store

logger = logging.getLogger("gem_assets.predictions")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """How to ask.

    Attributes
    ----------
    seed
        Seed of the model's sampling; part of the question.
    parameters
        Further parameters of the query by name; part of the question.
    chunk_size
        Samples in one query; None: as the endpoint's settings say.
    concurrency
        Queries under way at a time; None: as the endpoint's settings say.
    max_new_samples
        More samples than this are not sent in one run (``max_new_samples_per_run``); None: no
        limit.
    poll_seconds
        Between two looks at what another run is asking.
    """

    seed: int = 42
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    chunk_size: int | None = None
    concurrency: int | None = None
    max_new_samples: int | None = None
    poll_seconds: float = 2.0


def predict_counts(
    connection: EndpointConnection,
    counts: CountRows,
    sample_ids: Sequence[str],
    content_hashes: Sequence[str],
    model: ObservedModel,
    ledger: Ledger,
    store: Store,
    options: PredictOptions | None = None,
    on_progress: Progress | None = None,
    *,
    sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
) -> PredictionRun:
    """Return the predictions of samples, asking the endpoint for those that have none yet.

    Parameters
    ----------
    connection
        An open connection.
    counts
        Samples x model genes, int32, in the gene order of ``model``: in memory, or on disk
        (`gem_assets.predictions.spool`), of which a chunk at a time is read.
    sample_ids
        Unique names of the rows.
    content_hashes
        Hash of each row's counts; rows of the same hash are asked once.
    model
        What the endpoint was last observed to serve.
    ledger, store
        Where questions and answers are kept.
    options
        How to ask.
    on_progress
        Told how far the run is; called from the connection's thread, too.
    sleep
        Waits for other runs, in seconds.

    Returns
    -------
    PredictionRun
        The content key of each sample, the file of each answer, and a sentence for each sample
        that the endpoint refused or failed on.

    Raises
    ------
    gem_assets.predictions.errors.TooManyNewSamplesError
        If more samples would be sent than ``options`` allow. Nothing was sent.
    gem_assets.predictions.errors.ModelVersionChangedError
        If an answer is of another version than ``model``. It is kept under its own version.
    gem_assets.predictions.errors.GeneOrderChangedError
        If an answer is for another gene order than that of ``model``. It is not kept.
    gem_assets.endpoint.errors.EndpointError
        If the endpoint can't be asked. Answers that came before are kept.
    ValueError
        If counts, names, hashes and model don't fit each other.
    """
    options = options or PredictOptions()
    _check_shapes(counts, sample_ids, content_hashes, model)
    question = Question(
        model.served_by,
        model.base_url,
        model.model_id,
        model.model_version,
        hash_gene_ids(model.gene_order),
        options.seed,
        options.parameters,
    )
    key_of_hash = {h: question.key(h) for h in dict.fromkeys(content_hashes)}
    keys = [key_of_hash[h] for h in content_hashes]
    row_of = {key: row for row, key in reversed(list(enumerate(keys)))}
    questions = Questions(question, counts, row_of, {k: h for h, k in key_of_hash.items()})

    standing = Standing(Counter(keys), on_progress)

    refresh_index(ledger, store)
    standing.find(locate(ledger, store, standing.open_keys))
    if standing.open_keys:
        with ledger.claims().held() as claims:
            begun, ended = threading.Event(), threading.Event()

            async def ask(client: EndpointClient) -> None:
                begun.set()
                try:
                    await _ask_or_wait(asking_with(client), claims, options.poll_seconds, sleep)
                finally:
                    ended.set()

            def asking_with(client: EndpointClient) -> Asking:
                return Asking(
                    client=client,
                    questions=questions,
                    ledger=ledger,
                    store=store,
                    claims=claims,
                    standing=standing,
                    chunk_size=options.chunk_size or client.settings.chunk_size,
                    concurrency=options.concurrency or client.settings.concurrency,
                    max_new_samples=options.max_new_samples,
                )

            try:
                connection.run(ask)
            except BaseException:
                # An interrupt reaches this thread alone; the claims must hold until the other has
                # finished what it was sending.
                if begun.is_set():
                    ended.wait(2 * SUBMIT_GRACE_SECONDS)
                raise
    # Nobody pays for what the embedded endpoint answers in this process.
    paid = connection.settings.mode != "embedded"
    twice = ledger.sendings.sent_twice(question, questions.counts_hash_of) if paid else set()
    if twice and standing.sent:
        logger.warning(
            "%d samples are possibly paid twice: they were sent again, for the endpoint lost their "
            "query or failed on it, or its answer to the sending never arrived.",
            len(twice),
        )
    give_back_memory()
    return _result(question, dict(zip(sample_ids, keys, strict=True)), standing, store, len(twice))


async def _ask_or_wait(
    asking: Asking,
    claims: Claims,
    poll_seconds: float,
    sleep: Callable[[float], Awaitable[object]],
) -> None:
    """Ask what this run can claim; wait for what others have claimed, or take it over."""
    standing = asking.standing
    told = False
    while standing.open_keys:
        claimed = claims.claim(standing.open_keys)
        # Whoever held a claim a moment ago may have left its answer behind.
        standing.find(locate(asking.ledger, asking.store, standing.open_keys))
        mine = [key for key in standing.open_keys if key in claimed]
        if mine:
            await asking.answer(mine)
        claims.release(claimed)
        if standing.open_keys:
            if not told:
                logger.info(
                    "%d samples are being asked by another run; waiting for it.",
                    len(standing.open_keys),
                )
                told = True
            await sleep(poll_seconds)


def _check_shapes(
    counts: CountRows,
    sample_ids: Sequence[str],
    content_hashes: Sequence[str],
    model: ObservedModel,
) -> None:
    expected = (len(sample_ids), len(model.gene_order))
    if counts.shape != expected:
        raise ValueError(
            f"counts have shape {counts.shape}, but there are {expected[0]} sample ids and the "
            f"model takes {expected[1]} genes; align the counts to its gene order before"
        )
    if len(content_hashes) != len(sample_ids):
        raise ValueError(f"{len(content_hashes)} content hashes for {len(sample_ids)} sample ids")
    if len(set(sample_ids)) != len(sample_ids):
        raise ValueError("sample ids must be unique")


def _result(
    question: Question,
    keys: Mapping[str, str],
    standing: Standing,
    store: Store,
    possibly_paid_twice: int,
) -> PredictionRun:
    files = standing.files
    notes_of: dict[str, tuple[str, ...]] = {}
    for rows in store.read(files, ["notes"]):
        for key, notes in zip(
            rows.column("content_key").to_pylist(), rows.column("notes").to_pylist(), strict=True
        ):
            if notes:
                notes_of[key] = tuple(notes)
    return PredictionRun(
        question=question,
        keys=keys,
        files=files,
        failures={
            sample: standing.failures[key] for sample, key in keys.items() if key not in files
        },
        asked=len(standing.sent),
        resumed=len(standing.resumed),
        reused=standing.reused,
        possibly_paid_twice=possibly_paid_twice,
        notes={sample: notes_of[key] for sample, key in keys.items() if key in notes_of},
    )
