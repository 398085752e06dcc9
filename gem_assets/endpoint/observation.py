"""What a model says of itself when asked: its version and its gene order."""

from __future__ import annotations

from dataclasses import dataclass

from gem_assets.endpoint.client import EndpointClient
from gem_assets.endpoint.errors import BadAnswer
from gem_assets.endpoint.query import QueryHandle
from gem_assets.endpoint.wire import NOT_THE_PROTOCOL

UNKNOWN_VERSION = "unknown"
"""Version of a model whose answers don't state one."""

# The embedded endpoint says so in its version, also when it is served over HTTP and looks like
# the hosted service: what it predicts must never pass for GEM's.
_EMBEDDED_VERSION = "embedded"


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """A model as it was observed.

    Attributes
    ----------
    model_id
        As the endpoint names it.
    model_version
        As answered, or ``unknown``.
    gene_order
        Ensembl gene ids in the order in which the model takes counts.
    served_by
        ``hosted`` or ``embedded``; the latter also for an embedded endpoint that is reached over
        HTTP.
    base_url
        Of the endpoint; ``embedded:`` in this process.
    """

    model_id: str
    model_version: str
    gene_order: tuple[str, ...]
    served_by: str
    base_url: str


def served_by(mode: str, model_version: str | None) -> str:
    """Return what answered, going by the mode and by the version that it states."""
    return "embedded" if (model_version or "").startswith(_EMBEDDED_VERSION) else mode


async def observe(client: EndpointClient, canary: QueryHandle | None = None) -> ObservedModel:
    """Ask a model its version and gene order; costs a prediction of the example query.

    Parameters
    ----------
    client
        An open client.
    canary
        An example query that was submitted already: its result serves, and nothing is paid again.

    Raises
    ------
    BadAnswer
        If the answer brings no gene order: no counts can be aligned then.
    EndpointError
        If the model can't be asked.
    """
    settings = client.settings
    query = await client.submit_example() if canary is None else canary
    answer = await query.fetch()
    if answer.gene_order is None:
        raise BadAnswer(
            "the answer to the example query has no gene_order",
            action=NOT_THE_PROTOCOL,
            host=settings.host,
            query_id=query.id,
        )
    return ObservedModel(
        model_id=settings.model_id,
        model_version=answer.model_version or UNKNOWN_VERSION,
        gene_order=answer.gene_order,
        served_by=served_by(settings.mode, answer.model_version),
        base_url=settings.base_url,
    )
