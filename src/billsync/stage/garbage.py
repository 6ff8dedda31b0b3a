"""How often Python looks for garbage in cycles while a run works through its pages.  (shell)

A run makes millions of short-lived values that are in no cycle and go by themselves; by default the collector looks
through all that lives, the program itself too, again and again: a third of the time of billing.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = (50_000, 20, 20)
"""New objects before the youngest are looked at, and so many rounds before older ones are: a few megabytes."""


_LOCK: Final = threading.Lock()
_RUNS: Final[list[tuple[int, int, int]]] = []
"""The thresholds that the first of the runs under way found, once for each of them."""


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look seldom, and not at what is there already, until the end of the block; of several, the last one's."""
    with _LOCK:
        _RUNS.append(_RUNS[0] if _RUNS else gc.get_threshold())
        if len(_RUNS) == 1:
            gc.freeze()
            gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _LOCK:
            before = _RUNS.pop()
            if not _RUNS:
                gc.set_threshold(*before)
                gc.unfreeze()
