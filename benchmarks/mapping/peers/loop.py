"""How a peer is measured: on each line of stdin it maps the records once and says its CPU microseconds a record."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from records import opportunities


def serve(map_one: Callable[[dict[str, Any]], Any], count: int) -> None:
    """Map `count` records per line read; first of all show what became of record 1."""
    records = opportunities(count)
    print(json.dumps(map_one(records[1]), default=str), flush=True)
    for _line in sys.stdin:
        begun = time.process_time()
        for record in records:
            map_one(record)
        print((time.process_time() - begun) * 1e6 / count, flush=True)
