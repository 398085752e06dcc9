"""What a run would send, worked out without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.endpoint.observation import ObservedModel
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.lookup import locate, refresh_index
from gem_assets.predictions.store import Store


@dataclass(frozen=True, slots=True)
class PredictionPlan:
    """What would become of a dataset's samples if they were predicted now.

    Attributes
    ----------
    samples
        Number of samples.
    known
        Samples whose answer is in the store.
    under_way
        Different samples that an earlier run has sent, whose answer would be fetched.
    new
        Different samples that would be sent, and paid.
    """

    samples: int
    known: int
    under_way: int
    new: int


def question_of(model: ObservedModel, seed: int) -> Question:
    """Return what is asked of every sample of a run, without parameters."""
    return Question(
        model.served_by,
        model.base_url,
        model.model_id,
        model.model_version,
        hash_gene_ids(model.gene_order),
        seed,
    )


def plan_predictions(
    content_hashes: Sequence[str], question: Question, ledger: Ledger, store: Store
) -> PredictionPlan:
    """Return what a run would do for samples, by what the ledger and the store hold.

    Parameters
    ----------
    content_hashes
        Hash of each sample's counts.
    question
        What would be asked of them.
    ledger, store
        Where questions and answers are kept; the ledger's index is brought up to date.
    """
    refresh_index(ledger, store)
    key_of = {counts: question.key(counts) for counts in content_hashes}
    answered = locate(ledger, store, key_of.values())
    missing = [counts for counts, key in key_of.items() if key not in answered]
    fetched = {
        sample.counts_hash
        for query in ledger.sendings.under_way(question, missing)
        for sample in query.samples
    }
    under_way = sum(counts in fetched for counts in missing)
    return PredictionPlan(
        samples=len(content_hashes),
        known=sum(key_of[counts] in answered for counts in content_hashes),
        under_way=under_way,
        new=len(missing) - under_way,
    )
