"""Who is told: what was given, a webhook, or else the log."""

from __future__ import annotations

from collections.abc import Sequence

from gem_assets.notifications.notifier import LogNotifier, Notifier
from gem_assets.notifications.webhook import SlackWebhook


def chosen_notifiers(
    notifiers: Sequence[Notifier] = (), slack_webhook_env: str | None = None
) -> tuple[Notifier, ...]:
    """Return who is told.

    Raises
    ------
    ValueError
        If ``slack_webhook_env`` is no name of a variable, or two notifiers share a name.
    """
    webhook = [] if slack_webhook_env is None else [SlackWebhook(slack_webhook_env)]
    chosen: tuple[Notifier, ...] = (*notifiers, *webhook) or (LogNotifier(),)
    names = [notifier.name for notifier in chosen]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"Two notifiers are called {', '.join(map(repr, twice))}; give each a name of its own: "
            "it is remembered by it what each was told."
        )
    return chosen
