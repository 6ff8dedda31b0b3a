from __future__ import annotations

from tests.cli.conftest import after_a_run, place, ready
from tests.wire.conftest import client, serve

__all__ = ["after_a_run", "client", "place", "ready", "serve"]
