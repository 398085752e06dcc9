"""Which endpoint, with which key, and how patiently.

The mode is always explicit. It never follows from which variables happen to be set: a key that
lies around in the environment must not turn a demonstration into paid queries, nor a missing one
turn a paid run into predictions of the small embedded model.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gem_assets.endpoint.addresses import DEFAULT_BASE_URL, checked_base_url, is_loopback
from gem_assets.endpoint.errors import EndpointMisconfigured
from gem_assets.endpoint.model_names import (
    BASE_URL_VARIABLE,
    CANONICAL_GEM2,
    CANONICAL_MODALITY,
    FAMILIES,
    base_url_variable,
)
from gem_assets.endpoint.secret import Secret
from gem_assets.settings import EndpointMode, Modality, ModelFamily

EMBEDDED_BASE_URL = "embedded:"
"""What stands for the base URL of the endpoint that runs in this process."""

API_KEY_VARIABLE = "SYNTHESIZE_API_KEY"
SELF_HOSTED_VARIABLE = "SYNTHESIZE_SELF_HOSTED"

HOSTED_SECONDS, SELF_HOSTED_SECONDS = 900.0, 600.0
"""How long a query may take: the vendor's client waits as long for the service, for a container."""

# A request of about 6 MB for bulk (190 kB a sample) and 10 MB for single cells (75 kB a cell).
# What is in flight is most of the memory that a prediction takes, and larger queries save no time.
CHUNK_SIZES: Mapping[Modality, int] = {"bulk": 32, "sc": 128}

# What the vendor's client takes for a yes.
_YES = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """One endpoint and one of its models.

    Attributes
    ----------
    mode
        ``embedded`` (in this process, no network), ``hosted`` (asynchronous JSON over HTTP) or
        ``self_hosted`` (a container, which answers the query itself with an Arrow stream).
    model_id
        The model as it is named in tables and in the ledger.
    canonical
        Whether GEM-2 is asked by its canonical id with an operation, instead of by `model_id`.
    base_url
        ``https://host[:port][/prefix]`` without a trailing slash, or ``embedded:``.
    api_key
        Sent to the origin of `base_url` and to nobody else; always None when embedded, and None
        for a container without authentication.
    request_timeout
        Seconds without a sign of life (connecting, sending, receiving) until a request is given
        up. The vendor's client waits 30.
    transfer_timeout
        Seconds for one whole request, sending and receiving included.
    prediction_timeout
        Seconds from submitting a query to its end. The vendor's client waits 900, and 600 for a
        container.
    poll_interval, poll_interval_max
        Seconds between two looks at a query: the first, and the longest that it grows to.
    attempts
        How often a request is tried in all, where trying again is safe.
    retry_after_max
        A longer wish for a pause than this many seconds is not waited for here, but raised.
    warm_seconds
        For how long after its last answer a model counts as awake. An estimate: there is no
        published scale-down time.
    concurrency
        Queries under way at a time.
    requests_per_second
        Requests of any kind, at most, by this connection; None for no limit. (The hosted service
        has limits and doesn't publish them.)
    chunk_size
        Samples in one query.
    max_answer_bytes
        A larger answer is refused, before it fills the memory.
    notices
        What a user should be told about these settings, e.g. that a key is set but unused.

    Raises
    ------
    EndpointMisconfigured
        If the settings can't work, or would send the key over plain http.
    """

    mode: EndpointMode
    model_id: str
    base_url: str
    canonical: bool = False
    api_key: Secret | None = None
    request_timeout: float = 30.0
    transfer_timeout: float = 600.0
    prediction_timeout: float = HOSTED_SECONDS
    poll_interval: float = 2.0
    poll_interval_max: float = 10.0
    attempts: int = 5
    retry_after_max: float = 120.0
    warm_seconds: float = 600.0
    concurrency: int = 4
    requests_per_second: float | None = None
    chunk_size: int = 64
    max_answer_bytes: int = 512 * 1024 * 1024
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.requests_per_second is not None and not self.requests_per_second > 0:
            raise EndpointMisconfigured(
                f"requests_per_second is {self.requests_per_second:g}",
                action="Give a number above 0, or none for no limit.",
            )
        if self.mode not in ("embedded", "hosted", "self_hosted"):
            raise EndpointMisconfigured(
                f"there is no endpoint {self.mode!r}",
                action="Set the endpoint to embedded, hosted or self_hosted.",
            )
        if self.canonical and self.model_id not in CANONICAL_MODALITY:
            raise EndpointMisconfigured(
                f"{self.model_id} has no canonical id", action="Set canonical for GEM-2 only."
            )
        if self.mode == "embedded":
            if self.base_url != EMBEDDED_BASE_URL or self.api_key is not None:
                raise EndpointMisconfigured(
                    f"the embedded endpoint has the base URL {EMBEDDED_BASE_URL!r} and no key",
                    action="Set the endpoint to 'hosted' to reach a server.",
                )
            return
        object.__setattr__(self, "base_url", checked_base_url(self.base_url))
        if self.api_key is None and self.mode == "hosted":
            raise EndpointMisconfigured(
                "the hosted endpoint needs an API key, and none is set",
                host=self.host,
                action=f"Set {API_KEY_VARIABLE} (https://app.synthesize.bio/account/api-keys), or "
                "set the endpoint to 'embedded', which needs none.",
            )
        if self.api_key is None:
            return
        _check_key(self.api_key)
        if urlsplit(self.base_url).scheme == "http" and not self.is_local:
            keyless = f", or unset {API_KEY_VARIABLE} for a container that asks for no key"
            raise EndpointMisconfigured(
                "the API key would travel over plain http, readable to everybody on the way",
                host=self.host,
                action=f"Give {BASE_URL_VARIABLE} with https://"
                f"{keyless if self.mode == 'self_hosted' else ''}.",
            )

    @classmethod
    def from_environment(
        cls,
        mode: EndpointMode,
        modality: Modality,
        environ: Mapping[str, str] | None = None,
        *,
        family: ModelFamily = "gem-1",
    ) -> EndpointSettings:
        """Return the settings that a mode and the vendor's variables make.

        Parameters
        ----------
        mode
            Which endpoint; never guessed from the variables.
        modality
            ``bulk`` or ``sc``: picks the model and the size of a query.
        environ
            The variables, by default those of this process. ``SYNTHESIZE_API_KEY`` is the key. The
            address is ``SYNTHESIZE_API_BASE_URL__GEM_1_BULK`` (or ``..._SC``, ``...__GEM_2``), else
            ``SYNTHESIZE_API_BASE_URL``, else, when hosted, the vendor's: the precedence of the
            vendor's client. ``SYNTHESIZE_SELF_HOSTED`` switches nothing: that it doesn't fit the
            mode is mentioned. Embedded uses none of them.
        family
            ``gem-1``; ``gem-2``, asked by its canonical id; or ``gem-2-alias``, asked by the
            alias of the modality.

        Raises
        ------
        EndpointMisconfigured
            If the settings can't work; the sentence says which variable to set.
        """
        variables = os.environ if environ is None else environ
        model_id = _model_id(family, modality)
        canonical = family == "gem-2"
        chunk_size = CHUNK_SIZES[modality]
        key = variables.get(API_KEY_VARIABLE, "").strip()
        notices = _notices(mode, key, variables)
        if mode == "embedded":
            # The embedded endpoint has nothing to wait for, so it is asked often.
            return cls(
                mode=mode,
                model_id=model_id,
                canonical=canonical,
                base_url=EMBEDDED_BASE_URL,
                poll_interval=0.02,
                poll_interval_max=0.5,
                chunk_size=chunk_size,
                notices=notices,
            )
        own_variable = base_url_variable(CANONICAL_GEM2 if canonical else model_id)
        base_url = (
            variables.get(own_variable, "").strip() or variables.get(BASE_URL_VARIABLE, "").strip()
        )
        if not base_url and mode == "self_hosted":
            raise EndpointMisconfigured(
                "the address of the self-hosted container is not set",
                action=f"Set {own_variable}, or {BASE_URL_VARIABLE} for all models, to it, e.g. "
                "http://gem.internal:8080.",
            )
        return cls(
            mode=mode,
            model_id=model_id,
            canonical=canonical,
            base_url=base_url or DEFAULT_BASE_URL,
            api_key=Secret(key) if key else None,
            prediction_timeout=SELF_HOSTED_SECONDS if mode == "self_hosted" else HOSTED_SECONDS,
            chunk_size=chunk_size,
            notices=notices,
        )

    @property
    def served_as(self) -> str:
        """The model's id in addresses."""
        return CANONICAL_GEM2 if self.canonical else self.model_id

    @property
    def host(self) -> str:
        """Host (and port, if given) that queries go to; ``embedded`` when they go nowhere."""
        return "embedded" if self.mode == "embedded" else urlsplit(self.base_url).netloc

    @property
    def is_local(self) -> bool:
        """Whether queries stay on this machine."""
        return self.mode == "embedded" or is_loopback(urlsplit(self.base_url).hostname or "")


def _model_id(family: ModelFamily, modality: Modality) -> str:
    if family not in FAMILIES:
        raise EndpointMisconfigured(
            f"there is no model family {family!r}", action=f"Use one of {', '.join(FAMILIES)}."
        )
    if modality not in FAMILIES[family]:
        raise EndpointMisconfigured(
            f"there is no modality {modality!r}", action="Use 'bulk' or 'sc'."
        )
    return FAMILIES[family][modality]


def _notices(mode: EndpointMode, key: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is set and has no effect."""
    notices = []
    if mode == "embedded" and key:
        notices.append(
            f"{API_KEY_VARIABLE} is set but unused: the endpoint is 'embedded', which "
            "sends nothing. Set the endpoint to 'hosted' to use the key."
        )
    if mode != "self_hosted" and variables.get(SELF_HOSTED_VARIABLE, "").strip().lower() in _YES:
        spoken_to = (
            "nothing is sent to a container"
            if mode == "embedded"
            else "it is spoken to as the hosted service, not as a container"
        )
        notices.append(
            f"{SELF_HOSTED_VARIABLE} is set, but the endpoint is {mode!r}: {spoken_to}. Set the "
            "endpoint to 'self_hosted' to use a container."
        )
    return tuple(notices)


def _check_key(key: Secret) -> None:
    """Refuse a key that can't be an HTTP header: the HTTP library would quote it in its error."""
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        raise EndpointMisconfigured(
            "the API key is empty or holds blanks, line breaks or characters beyond ASCII",
            action=f"Copy the key into {API_KEY_VARIABLE} again, and nothing else.",
        )
