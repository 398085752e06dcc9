"""Addresses of endpoints: which can be used, and which are this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from gem_assets.endpoint.errors import EndpointMisconfigured
from gem_assets.endpoint.model_names import BASE_URL_VARIABLE

DEFAULT_BASE_URL = "https://app.synthesize.bio"
"""Where the vendor's own client sends its queries."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine (``localhost``, 127.0.0.0/8, ::1)."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_nearby(host: str) -> bool:
    """Return whether a host is this machine, or an address that is valid on its own link only."""
    if is_loopback(host):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_nearby(str(mapped))
    return address.is_link_local or address.is_unspecified or address.is_multicast


def checked_base_url(base_url: str) -> str:
    """Return the base URL without its trailing slash, if requests can be sent there.

    Raises
    ------
    EndpointMisconfigured
        If it is no http(s) address, or holds more than scheme, host, port and path.
    """
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
