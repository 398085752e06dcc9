"""Where things lie and which endpoint serves, as the environment says.

Five variables are ours: ``GEM_ASSETS_DATA`` (default ``data``), ``GEM_ASSETS_RESULTS`` (default
``results``), ``GEM_ASSETS_ENDPOINT`` (default ``embedded``), ``GEM_ASSETS_MODEL`` (default
``gem-1``) and ``GEM_ASSETS_REPORTS_URL`` (default: reports are not served). The variables of the
official client (``SYNTHESIZE_*``) matter only when the endpoint is not the embedded one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

Modality = Literal["bulk", "sc"]
"""What a sample is: a bulk RNA-seq library, or a single cell."""

EndpointMode = Literal["embedded", "hosted", "self_hosted"]
"""Who serves the predictions; always an explicit choice, never guessed from other variables."""

ModelFamily = Literal["gem-1", "gem-2", "gem-2-alias"]
"""Which model is asked: GEM-1, GEM-2 by its canonical id, or GEM-2 by the alias of a modality."""

MODALITIES: tuple[Modality, ...] = get_args(Modality)
ENDPOINT_MODES: tuple[EndpointMode, ...] = get_args(EndpointMode)
MODEL_FAMILIES: tuple[ModelFamily, ...] = get_args(ModelFamily)


@dataclass(frozen=True)
class Settings:
    """Locations and mode of one installation.

    Attributes
    ----------
    data
        Folder (or any fsspec location) that holds ``bulk/NAME/`` and ``sc/NAME/``; never written.
    results
        Local folder of everything that is made: warehouse, ledger, predictions, reports, exports.
    endpoint
        Who serves the predictions.
    model
        Which family of models is asked.
    reports_url
        Where people reach the folder ``reports`` of the results by http, so that Dagster's UI can
        link to a report; None where nobody serves it.

    Raises
    ------
    ValueError
        If ``results`` is no local folder, ``data`` a URL with a password in it, or ``reports_url``
        no address, as `served_at` says.
    """

    data: str = "data"
    results: str = "results"
    endpoint: EndpointMode = "embedded"
    model: ModelFamily = "gem-1"
    reports_url: str | None = None

    def __post_init__(self) -> None:
        if "://" in self.results:
            # What was given isn't repeated: it may hold a password.
            raise ValueError(
                "results must be a local folder, since DuckDB and SQLite write into it; what was "
                "given is a URL. Only data may lie elsewhere."
            )
        if "://" in self.data and urlsplit(self.data).password is not None:
            # Metadata, sentences and reports name the files that were read.
            raise ValueError(
                "data is a URL with a password in it, which would be shown beside the files that "
                "were read. Give the URL without it, and the password to fsspec: in its own "
                "configuration (fsspec.readthedocs.io), or in the variables of the storage."
            )
        if self.reports_url is not None:
            object.__setattr__(self, "reports_url", served_at(self.reports_url))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings from environment variables; an empty variable counts as unset.

        Raises
        ------
        ValueError
            If ``GEM_ASSETS_DATA`` holds a password, ``GEM_ASSETS_RESULTS`` is a URL,
            ``GEM_ASSETS_ENDPOINT`` none of ``embedded``, ``hosted`` and ``self_hosted``,
            ``GEM_ASSETS_MODEL`` none of ``gem-1``, ``gem-2`` and ``gem-2-alias``, or
            ``GEM_ASSETS_REPORTS_URL`` no address, as `served_at` says.
        """
        return cls(
            data=environ.get("GEM_ASSETS_DATA") or cls.data,
            results=environ.get("GEM_ASSETS_RESULTS") or cls.results,
            endpoint=endpoint_mode(environ.get("GEM_ASSETS_ENDPOINT") or cls.endpoint),
            model=model_family(environ.get("GEM_ASSETS_MODEL") or cls.model),
            reports_url=environ.get("GEM_ASSETS_REPORTS_URL") or None,
        )

    def exports(self, schema: str, dataset: str) -> Path:
        """Return where a dataset's exports go, unless a person names another folder."""
        return Path(self.results) / "exports" / schema / dataset


def endpoint_mode(word: str) -> EndpointMode:
    """Return ``word`` as an endpoint mode.

    Raises
    ------
    ValueError
        If it is none.
    """
    for mode in ENDPOINT_MODES:
        if word == mode:
            return mode
    raise ValueError(
        f"The endpoint mode (GEM_ASSETS_ENDPOINT) is {word!r}; it must be one of "
        f"{', '.join(ENDPOINT_MODES)}."
    )


def model_family(word: str) -> ModelFamily:
    """Return ``word`` as a family of models.

    Raises
    ------
    ValueError
        If it is none.
    """
    for family in MODEL_FAMILIES:
        if word == family:
            return family
    raise ValueError(
        f"The model (GEM_ASSETS_MODEL) is {word!r}; it must be one of {', '.join(MODEL_FAMILIES)}."
    )


def served_at(address: str) -> str:
    """Return the address at which reports are served, without a slash at its end.

    Raises
    ------
    ValueError
        If it is no http(s) address, or holds more than host, port and path: it is shown to
        everybody who sees the UI.
    """
    try:
        parts = urlsplit(address.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    # What was given isn't repeated: it may hold a password.
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or " " in parts.path:
        raise ValueError(
            "The address of the reports (reports_url, GEM_ASSETS_REPORTS_URL) must be "
            "http(s)://host/path, without user name, query and fragment."
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
