"""What can go wrong when somebody is to be told something."""


class NotificationError(Exception):
    """A message that was not taken; it may be sent again.

    Its text is shown in Dagster, so it must hold no address and no secret.
    """
