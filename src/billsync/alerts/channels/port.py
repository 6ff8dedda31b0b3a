"""What a channel is asked to do, and the one way in which it fails.  (pure)"""

from __future__ import annotations

from typing import Protocol

from billsync.alerts.message import Message


class ChannelFault(Exception):
    """The channel did not take the message, or it is not known whether it did; the text holds no secret."""


class Way(Protocol):
    """One way to people."""

    def send(self, message: Message) -> None:
        """Send once, within a deadline.  Raises `ChannelFault`; the same message may come again, with the same key."""
