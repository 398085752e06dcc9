"""Content keys: the name of one question, so that it is asked only once.

Two samples with the same counts, put to the same model version at the same endpoint with the same
seed and parameters, are one question. Its name is the sha256 (64 hex digits) of the UTF-8 bytes of
a JSON array, written without white space, with sorted object keys and non-ASCII escaped::

    ["gem-assets-key-1", served_by, base_url, model_id, model_version, gene_order_hash,
     counts_hash, seed, {parameters}]

JSON quotes its strings, hence no two different questions share an encoding. The first item is the
version of this encoding: to change anything here is to ask everything anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

ENCODING = "gem-assets-key-1"

Parameter: TypeAlias = str | int | float | bool | None
"""What a parameter of a question may be; floats must be finite."""


def public_base_url(base_url: str) -> str:
    """Return ``base_url`` as it may be written down: no credentials, query or fragment.

    Scheme and host are lower-cased and a closing slash is dropped, so that two spellings of one
    endpoint give one key.
    """
    parts = urlsplit(base_url.strip())
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), "", ""))


@dataclass(frozen=True, slots=True)
class Question:
    """What is the same for all samples of one run, and decides with the counts on the answer.

    Attributes
    ----------
    served_by
        ``embedded``, ``hosted`` or ``self_hosted``.
    base_url
        Address of the endpoint; kept in the form of `public_base_url`.
    model_id
        The endpoint's name of the model.
    model_version
        The version last observed there.
    gene_order_hash
        Hash of the gene order in which the counts are sent.
    seed
        The query's seed.
    parameters
        Further parameters of the query by name, empty for none.

    Raises
    ------
    ValueError
        If a parameter is not a finite JSON scalar.
    """

    served_by: str
    base_url: str
    model_id: str
    model_version: str
    gene_order_hash: str
    seed: int
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", public_base_url(self.base_url))
        _canonical(dict(self.parameters))

    def key(self, counts_hash: str) -> str:
        """Return the content key of the sample whose counts hash to ``counts_hash``."""
        encoded = _canonical(
            [
                ENCODING,
                self.served_by,
                self.base_url,
                self.model_id,
                self.model_version,
                self.gene_order_hash,
                counts_hash,
                self.seed,
                dict(self.parameters),
            ]
        )
        return hashlib.sha256(encoded.encode("ascii")).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(
        value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
