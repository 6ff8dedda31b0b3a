"""What lives as long as a daemon or worker does: health endpoints, alerts.  (shell)"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

PARTING_S: Final = 10.0
"""How long a companion may take to end."""


class Companion(Protocol):
    """Something that runs beside the bells.

    Attributes:
        name: as troubles of it are told.
    """

    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""


@contextmanager
def accompanied(companions: Sequence[Companion], troubled: Callable[[str, Exception], None]) -> Iterator[None]:
    """Each companion runs in a thread of its own while the block lasts; one that raises is told, and ends alone."""
    stop = threading.Event()

    def run(companion: Companion) -> None:
        try:
            companion.run(stop)
        except Exception as error:  # noqa: BLE001  it must not take the bells with it
            troubled(companion.name, error)

    threads = [threading.Thread(target=run, args=(one,), name=one.name, daemon=True) for one in companions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PARTING_S)
