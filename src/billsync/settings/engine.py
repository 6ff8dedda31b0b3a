"""How the daemon and workers carry out runs.  (pure)"""

from __future__ import annotations

from pydantic import Field

from billsync.model.base import Noun


class EngineSettings(Noun):
    """What stands under `engine:`.

    Attributes:
        runs_at_once: runs that one process carries out at the same time.
        helpers: most processes that help another with one run: they read further kinds of records, and send documents.
    """

    runs_at_once: int = Field(default=4, ge=1, le=64)
    helpers: int = Field(default=2, ge=0, le=64)
