"""What can keep public data from being fetched."""

from __future__ import annotations


class PublicDataError(RuntimeError):
    """Public data that can't be had or laid out; the message says what to do."""
