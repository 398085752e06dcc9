"""Who carries a message: anything with a name and a method, and the one that only logs."""

from __future__ import annotations

import logging
from typing import Protocol

from gem_assets.notifications.message import Message


class Notifier(Protocol):
    """What carries messages to people; give your own to ``build_gem_assets(notifiers=[...])``.

    Examples
    --------
    >>> class Mail:
    ...     name = "mail"
    ...     def notify(self, message):
    ...         send_mail("lab@example.org", message.title, message.text())
    """

    @property
    def name(self) -> str:
        """What it is called in Dagster and in the cursor; no two of an instance share one."""

    def notify(self, message: Message) -> None:
        """Carry a message, within some seconds.

        Raises
        ------
        gem_assets.notifications.NotificationError
            If it was not taken; its text is shown in Dagster. Of any other exception only the
            type is. Either way the message is carried again at the next tick.
        """


class LogNotifier:
    """Writes each message to the log ``gem_assets.notifications``, as a warning."""

    name = "log"

    def notify(self, message: Message) -> None:
        """Log a message."""
        logging.getLogger("gem_assets.notifications").warning("%s", message.text())
