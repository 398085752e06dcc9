"""Telling people: messages of findings and of failed runs, and who carries them.

A message is plain data. A `Notifier` carries it: `LogNotifier` into the log, `SlackWebhook` to an
incoming webhook. What could not be carried is kept by `Outbox` until it can.
"""

from gem_assets.notifications.errors import NotificationError
from gem_assets.notifications.findings import OpenFindings, open_findings_of
from gem_assets.notifications.message import Message, combine
from gem_assets.notifications.notifier import LogNotifier, Notifier
from gem_assets.notifications.outbox import Item, Outbox, deliver
from gem_assets.notifications.run_failures import FailedRun, failure_message
from gem_assets.notifications.webhook import SlackWebhook

__all__ = [
    "FailedRun",
    "Item",
    "LogNotifier",
    "Message",
    "NotificationError",
    "Notifier",
    "OpenFindings",
    "Outbox",
    "SlackWebhook",
    "combine",
    "deliver",
    "failure_message",
    "open_findings_of",
]
