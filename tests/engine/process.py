"""A process that carries out flows, to be killed and stopped: `python -m tests.engine.process URL FOLDER`.

Its flow `walk` takes five steps; each writes a line with the process and the step into FOLDER/log, and the second is
held up until FOLDER/go is there.  Its flow `pay` pays once, in a transaction; where FOLDER/crash is there, the process
kills itself after the commit, before the engine knows of it.  Its flow `busy` writes a line into FOLDER/busy when it
begins and when it ends.  It says its id once it is at work, and ends where it was declared dead.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from billsync.engine import presence, reaper
from billsync.engine.durable import DurableEngine
from billsync.engine.port import Flow, Queue
from billsync.schedule import SystemClock
from billsync.store import Store, Tx
from billsync.store import presence as beats

STEPS = 5


def main(url: str, folder: Path) -> int:
    vars(beats).update(DEAD_AFTER_S=2.5)
    vars(reaper).update(DEAD_AFTER_S=2.5, PAUSE_S=1.5)
    vars(presence).update(DEAD_AFTER_S=2.5, BEAT_S=0.3, MARGIN_S=1.0)
    id, stop = presence.new_id(), threading.Event()

    def point(name: str) -> None:
        if name == "flow-step:after-commit" and (folder / "crash").exists():
            (folder / "crash").unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store.open(url, create=True, owner=id, point=point)
    engine = DurableEngine(store, id, SystemClock().now)

    def step(number: int) -> int:
        with (folder / "log").open("a") as log:
            log.write(f"{os.getpid()} {number}\n")
        if number == 2:
            while not (folder / "go").exists():
                time.sleep(0.05)
        return number

    def walk(flow: Flow, _asked: dict[str, Any]) -> list[int]:
        return [flow.step(f"step {number}", partial(step, number)) for number in range(1, STEPS + 1)]

    def pay(tx: Tx) -> int:
        paid = len([id for id, _ in tx.flow_steps.to_hand_over() if id.startswith("payment")]) + 1
        tx.flow_steps.hand_over(f"payment {paid}", {}, at=tx.workers.now())
        return paid

    def busy(_flow: Flow, asked: dict[str, Any]) -> None:
        for word in ("begins", "ends"):
            with (folder / "busy").open("a") as log:
                log.write(f"{asked['part']} {word}\n")
            time.sleep(0.1)

    engine.register("walk", walk)
    engine.register("pay", lambda flow, _asked: flow.transaction("pay", pay))
    engine.register("busy", busy)
    engine.declare(Queue("narrow", partition=1, partition_each=1))
    with presence.Presence(store, id, "worker", version="0", rescue=engine.rescue, lost=stop.set) as present:
        engine.launch()
        sys.stdout.write(f"{id}\n")
        sys.stdout.flush()
        stop.wait()
        return 5 if present.dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
