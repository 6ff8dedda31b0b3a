"""The ways to people: mail, Slack-style, PagerDuty-style and plain webhooks.  (shell)"""

from billsync.alerts.channels.port import ChannelFault, Way
from billsync.alerts.channels.ways import ways

__all__ = ["ChannelFault", "Way", "ways"]
