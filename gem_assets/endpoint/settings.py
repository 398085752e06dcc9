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
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from gem_assets.endpoint.errors import EndpointMisconfigured
from gem_assets.endpoint.secret import Secret

Mode = Literal["embedded", "hosted", "self_hosted"]
Modality = Literal["bulk", "sc"]

DEFAULT_BASE_URL = "https://app.synthesize.bio"
"""Where the vendor's own client sends its queries."""

EMBEDDED_BASE_URL = "embedded:"
"""What stands for the base URL of the endpoint that runs in this process."""

API_KEY_VARIABLE = "SYNTHESIZE_API_KEY"
BASE_URL_VARIABLE = "SYNTHESIZE_API_BASE_URL"
SELF_HOSTED_VARIABLE = "SYNTHESIZE_SELF_HOSTED"

MODEL_IDS: Mapping[Modality, str] = {
    "bulk": "gem-1-bulk_predict-metadata",
    "sc": "gem-1-sc_predict-metadata",
}

# A request of about 12 MB for bulk (190 kB a sample) and 19 MB for single cells (75 kB a cell).
CHUNK_SIZES: Mapping[Modality, int] = {"bulk": 64, "sc": 256}

# What the vendor's client takes for a yes.
_YES = frozenset({"1", "true", "yes", "on"})

# Variants of a model are served at the address of their base model (pysynthbio 4.2.4).
_VARIANT = re.compile(r"_(reference-conditioning|predict-metadata)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """One endpoint and one of its models.

    Attributes
    ----------
    mode
        ``embedded`` (in this process, no network) or ``hosted`` (asynchronous JSON over HTTP).
        ``self_hosted`` (a container that answers at once, in Arrow) is not built yet.
    model_id
        The model as the endpoint names it.
    base_url
        ``https://host[:port][/prefix]`` without a trailing slash, or ``embedded:``.
    api_key
        Sent to the origin of `base_url` and to nobody else; always None when embedded.
    request_timeout
        Seconds without a sign of life (connecting, sending, receiving) until a request is given
        up. The vendor's client waits 30.
    transfer_timeout
        Seconds for one whole request, sending and receiving included.
    prediction_timeout
        Seconds from submitting a query to its end. The vendor's client waits 900.
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

    mode: Mode
    model_id: str
    base_url: str
    api_key: Secret | None = None
    request_timeout: float = 30.0
    transfer_timeout: float = 600.0
    prediction_timeout: float = 900.0
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
        if self.mode == "self_hosted":
            raise EndpointMisconfigured(
                "a self-hosted container answers in Arrow, which this version can't read",
                action="Use endpoint 'hosted' (with a key) or 'embedded' (without).",
            )
        if self.mode not in ("embedded", "hosted"):
            raise EndpointMisconfigured(
                f"there is no endpoint {self.mode!r}",
                action="Set the endpoint to embedded or hosted.",
            )
        if self.mode == "embedded":
            if self.base_url != EMBEDDED_BASE_URL or self.api_key is not None:
                raise EndpointMisconfigured(
                    f"the embedded endpoint has the base URL {EMBEDDED_BASE_URL!r} and no key",
                    action="Set the endpoint to 'hosted' to reach a server.",
                )
            return
        object.__setattr__(self, "base_url", _checked_base_url(self.base_url))
        if self.api_key is None:
            raise EndpointMisconfigured(
                "the hosted endpoint needs an API key, and none is set",
                host=self.host,
                action=f"Set {API_KEY_VARIABLE} (https://app.synthesize.bio/account/api-keys), or "
                "set the endpoint to 'embedded', which needs none.",
            )
        _check_key(self.api_key)
        if urlsplit(self.base_url).scheme == "http" and not self.is_local:
            raise EndpointMisconfigured(
                "the API key would travel over plain http, readable to everybody on the way",
                host=self.host,
                action=f"Give {BASE_URL_VARIABLE} with https://.",
            )

    @classmethod
    def from_environment(
        cls, mode: Mode, modality: Modality, environ: Mapping[str, str] | None = None
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
            address is ``SYNTHESIZE_API_BASE_URL__GEM_1_BULK`` (or ``..._SC``), else
            ``SYNTHESIZE_API_BASE_URL``, else the vendor's: the precedence of the vendor's client.
            Embedded uses none of them.

        Raises
        ------
        EndpointMisconfigured
            If the settings can't work; the sentence says which variable to set.
        """
        variables = os.environ if environ is None else environ
        if modality not in MODEL_IDS:
            raise EndpointMisconfigured(
                f"there is no modality {modality!r}", action="Use 'bulk' or 'sc'."
            )
        model_id = MODEL_IDS[modality]
        chunk_size = CHUNK_SIZES[modality]
        key = variables.get(API_KEY_VARIABLE, "").strip()
        if mode == "embedded":
            # The embedded endpoint has nothing to wait for, so it is asked often.
            return cls(
                mode=mode,
                model_id=model_id,
                base_url=EMBEDDED_BASE_URL,
                poll_interval=0.02,
                poll_interval_max=0.5,
                chunk_size=chunk_size,
                notices=(
                    f"{API_KEY_VARIABLE} is set but unused: the endpoint is 'embedded', which "
                    "sends nothing. Set the endpoint to 'hosted' to use the key.",
                )
                if key
                else (),
            )
        return cls(
            mode=mode,
            model_id=model_id,
            base_url=(
                variables.get(base_url_variable(model_id), "").strip()
                or variables.get(BASE_URL_VARIABLE, "").strip()
                or DEFAULT_BASE_URL
            ),
            api_key=Secret(key) if key else None,
            chunk_size=chunk_size,
            notices=(
                f"{SELF_HOSTED_VARIABLE} is set, but the endpoint is 'hosted': it is spoken to as "
                "the hosted service, not as a container.",
            )
            if variables.get(SELF_HOSTED_VARIABLE, "").strip().lower() in _YES
            else (),
        )

    @property
    def host(self) -> str:
        """Host (and port, if given) that queries go to; ``embedded`` when they go nowhere."""
        return "embedded" if self.mode == "embedded" else urlsplit(self.base_url).netloc

    @property
    def is_local(self) -> bool:
        """Whether queries stay on this machine."""
        return self.mode == "embedded" or is_loopback(urlsplit(self.base_url).hostname or "")


def base_url_variable(model_id: str) -> str:
    """Return the variable that holds the address of one model, shared by its variants.

    Examples
    --------
    >>> base_url_variable("gem-1-bulk_predict-metadata")
    'SYNTHESIZE_API_BASE_URL__GEM_1_BULK'
    """
    base_model = _VARIANT.sub("", model_id).upper()
    return f"{BASE_URL_VARIABLE}__{re.sub(r'[^A-Z0-9]+', '_', base_model)}"


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine (``localhost``, 127.0.0.0/8, ::1)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_base_url(base_url: str) -> str:
    """Return the base URL without its trailing slash, if requests can be sent there."""
    action = f"Give {BASE_URL_VARIABLE} as https://host, e.g. {DEFAULT_BASE_URL}."
    try:
        parts = urlsplit(base_url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    # What was given isn't repeated below: it may hold a password.
    if not usable:
        raise EndpointMisconfigured("the base URL is not an http(s) address", action=action)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise EndpointMisconfigured(
            "the base URL holds a user name, a query or a fragment",
            host=parts.hostname,
            action=action,
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _check_key(key: Secret) -> None:
    """Refuse a key that can't be an HTTP header: the HTTP library would quote it in its error."""
    if not re.fullmatch(r"[\x21-\x7e]+", key.reveal()):
        raise EndpointMisconfigured(
            "the API key is empty or holds blanks, line breaks or characters beyond ASCII",
            action=f"Copy the key into {API_KEY_VARIABLE} again, and nothing else.",
        )
