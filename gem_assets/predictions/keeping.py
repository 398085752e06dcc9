"""Keeping an answer: checked against what was asked, in the store, and in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.messages import PredictionAnswer
from gem_assets.endpoint.observation import ObservedModel, served_by
from gem_assets.endpoint.settings import EndpointSettings
from gem_assets.genes.order import hash_gene_ids
from gem_assets.predictions.answers import answer_rows
from gem_assets.predictions.errors import GeneOrderChangedError, ModelVersionChangedError
from gem_assets.predictions.keys import Question
from gem_assets.predictions.ledger import Ledger
from gem_assets.predictions.observations import remember
from gem_assets.predictions.query_records import RecordedQuery
from gem_assets.predictions.standing import Standing
from gem_assets.predictions.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
    """Where the answers of a run go.

    Attributes
    ----------
    question
        What the run asks of all its samples.
    settings
        Of the endpoint that answers.
    """

    question: Question
    settings: EndpointSettings
    ledger: Ledger
    store: Store
    standing: Standing

    def keep(self, query: RecordedQuery, answer: PredictionAnswer, n_genes: int) -> list[str]:
        """Keep the answer to ``query``, under the model version that gave it.

        Parameters
        ----------
        query
            What was asked, now or by an earlier run.
        answer
            One output a sample; one that can't be read fails its sample alone.
        n_genes
            Genes that counts must have.

        Returns
        -------
        list of str
            This run's content keys of the samples whose output can't be read; the query is not
            recorded as answered then.

        Raises
        ------
        BadAnswer
            If the answer has decoded counts for another number of genes. It isn't kept.
        GeneOrderChangedError
            If it is for another gene order. It isn't kept.
        ModelVersionChangedError
            If it is of a version that neither the query nor this run asked for. It is kept.
        """
        asked = query.question
        self._check_genes(query, answer, n_genes)
        version = answer.model_version or asked.model_version
        source = served_by(self.settings.mode, version)
        found = replace(asked, model_version=version, served_by=source)
        order = asked.gene_order_hash
        if answer.gene_order is not None:
            order = hash_gene_ids(answer.gene_order)
        # A query of an earlier run may be of the version that was then.
        unexpected = found not in (asked, self.question)
        if unexpected or order != asked.gene_order_hash:
            self._observe_anew(found, answer.gene_order)
        if order != asked.gene_order_hash:
            changed = GeneOrderChangedError(asked.model_id, asked.gene_order_hash, order)
            self.ledger.fail_query(query, str(changed))
            raise changed
        hashes = [sample.counts_hash for sample in query.samples]
        good = [output.fault is None for output in answer.outputs]
        bad = [not fine for fine in good]
        rows = answer_rows(
            found,
            list(compress(hashes, good)),
            list(compress(answer.outputs, good)),
            self.ledger.now(),
        )
        name = self.store.write(rows)
        keys: list[str] = rows.column("content_key").to_pylist()
        # With outputs that can't be read, the query is over only when that has been told.
        self.ledger.record_answers(name, keys, None if any(bad) else query)
        if unexpected:
            raise ModelVersionChangedError(asked.model_id, asked.model_version, version)
        self.standing.keep(keys, name)
        return [self.question.key(hashed) for hashed in compress(hashes, bad)]

    def _check_genes(self, query: RecordedQuery, answer: PredictionAnswer, n_genes: int) -> None:
        # The client checks this against the gene order that the answer brings, if it brings one.
        outputs = answer.outputs if answer.gene_order is None else []
        for i, output in enumerate(outputs):
            if output.counts is not None and len(output.counts) != n_genes:
                raise BadAnswer(
                    f"decoder_sample of output {i} has {len(output.counts)} counts for {n_genes} "
                    "genes",
                    host=self.settings.host,
                    query_id=query.query_id,
                )

    def _observe_anew(self, found: Question, gene_order: tuple[str, ...] | None) -> None:
        """Make the next look at the endpoint see what has just answered."""
        if gene_order is None:
            self.ledger.observations.forget(found.base_url, found.model_id)
            return
        model = ObservedModel(
            model_id=found.model_id,
            model_version=found.model_version,
            gene_order=gene_order,
            served_by=found.served_by,
            base_url=found.base_url,
        )
        remember(model, self.ledger, self.store)
