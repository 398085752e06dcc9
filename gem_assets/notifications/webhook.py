"""The notifier that posts to a Slack-compatible incoming webhook.

Whoever knows a webhook's URL can post to it: it is a secret. So it is read from the environment
when a message is sent, and stands in no exception, log or cursor; httpx would put it into both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from gem_assets.endpoint.secret import Secret
from gem_assets.notifications.errors import NotificationError
from gem_assets.notifications.message import Message

if TYPE_CHECKING:
    import httpx

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

PATIENCE_SECONDS = 5.0
"""How long a message may take, all in all: a sensor has 60 s."""


class SlackWebhook:
    """Posts each message to the incoming webhook whose URL an environment variable holds.

    The URL must be https, but on this machine; redirects are not followed.

    Parameters
    ----------
    variable
        Name of the environment variable, e.g. ``GEM_ASSETS_SLACK_WEBHOOK``.
    patience
        Seconds that a message may take, from the look-up of the host to the answer.
    environ
        Where the variable is looked up.

    Raises
    ------
    ValueError
        If ``variable`` is no name of a variable, e.g. because it is the URL itself.

    Examples
    --------
    >>> SlackWebhook("GEM_ASSETS_SLACK_WEBHOOK").name
    'slack:GEM_ASSETS_SLACK_WEBHOOK'
    """

    def __init__(
        self,
        variable: str,
        *,
        patience: float = PATIENCE_SECONDS,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        if not _VARIABLE.fullmatch(variable):
            # What was given isn't repeated: it may be the URL.
            raise ValueError(
                "slack_webhook_env must be the NAME of an environment variable that holds the "
                "webhook's URL, e.g. GEM_ASSETS_SLACK_WEBHOOK; what was given is no such name. "
                "If it was the URL itself, take it out of the code: it is a secret."
            )
        self._variable = variable
        self._patience = patience
        self._environ = environ

    @property
    def name(self) -> str:
        """``slack:`` and the name of the variable."""
        return f"slack:{self._variable}"

    def notify(self, message: Message) -> None:
        """Post a message, and wait for the answer no longer than the patience.

        Raises
        ------
        NotificationError
            If the variable is unset, its URL can't be used, or the message was not taken.
        """
        from gem_assets.notifications.slack import slack_payload

        trouble = self._send(self._url(), slack_payload(message))
        # Raised out here, where no exception of the HTTP library's hangs on it.
        if trouble is not None:
            raise NotificationError(f"The webhook in {self._variable} {trouble}")

    def _url(self) -> Secret:
        import httpx

        from gem_assets.endpoint.addresses import is_loopback

        stated = (self._environ.get(self._variable) or "").strip()
        if not stated:
            raise NotificationError(
                f"{self._variable} is not set, so no message was sent. Set it to the URL of the "
                "incoming webhook, where Dagster's code server runs."
            )
        try:
            url: httpx.URL | None = httpx.URL(stated)
        except httpx.InvalidURL:
            url = None
        if url is None or url.scheme not in ("http", "https") or not url.host:
            raise NotificationError(f"{self._variable} holds no https URL.")
        if url.scheme != "https" and not is_loopback(url.host):
            raise NotificationError(
                f"{self._variable} holds an http URL; a webhook's URL is a secret, so it must be "
                "https."
            )
        return Secret(stated)

    def _send(self, url: Secret, payload: Mapping[str, object]) -> str | None:
        """Post, and return what went wrong in words that hold nothing of the URL."""
        import anyio
        import httpx

        from gem_assets.endpoint.transport import without_http_logs

        try:
            with without_http_logs():
                status = anyio.run(_post, url, payload, self._patience)
        except TimeoutError:
            return f"did not answer within {self._patience:g} s."
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"can't be reached ({type(error).__name__})."
        if 300 <= status < 400:
            return f"answered {status}: it has moved, and a secret is not sent elsewhere."
        if not 200 <= status < 300:
            return f"answered {status}{_HINTS.get(status, '')}."
        return None


_HINTS = {
    403: " (the webhook was disabled, or may not post to its channel)",
    404: " (there is no such webhook any more)",
    410: " (its channel is archived)",
    429: " (too many messages)",
}
"""What Slack means by an answer, by its documentation of incoming webhooks."""


async def _post(url: Secret, payload: Mapping[str, object], patience: float) -> int:
    """Return the status that answers a post; the body is of no interest and is not read."""
    import anyio
    import httpx

    from gem_assets.endpoint.addresses import is_loopback

    address = url.reveal()
    headers = {"User-Agent": f"gem-assets/{version('gem-assets')}"}
    with anyio.fail_after(patience):
        async with (
            httpx.AsyncClient(
                timeout=patience,
                headers=headers,
                follow_redirects=False,
                trust_env=not is_loopback(httpx.URL(address).host),
            ) as client,
            client.stream("POST", address, json=payload) as answer,
        ):
            return answer.status_code
