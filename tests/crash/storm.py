"""The demo under kill -9 at random moments: `python -m tests.crash.storm --kills 100 --seed 1 --dir FOLDER`.

Starts `billsync demo --dir FOLDER` again and again, and kills it after a random while; every tenth time the ERP's own
process as well.  After the last kill it lets the demo end, and has `billsync verify --live` and `billsync reconcile`
judge what is there.  Exit 0 where both are content.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

from billsync_connectors.tryton.sandbox import TrytonSandbox


def command(*arguments: str) -> list[str]:
    """A billsync command line of this environment."""
    return [sys.executable, "-m", "billsync", *arguments]


def storm(folder: Path, kills: int, chance: Random, mean_s: float) -> int:
    """Kill the demo so many times.  Gives how often it came to its end before it was struck."""
    ended = 0
    for number in range(1, kills + 1):
        struck = False
        while not struck:
            struck = strike(folder, chance.expovariate(1 / mean_s), erp=number % 10 == 0)
            ended += not struck
        sys.stderr.write(f"\rkill {number} of {kills}")
    sys.stderr.write("\n")
    return ended


def until_the_erp_runs(folder: Path) -> None:
    """The first life: making the ERP takes longer than most lives last."""
    child = subprocess.Popen(
        command("demo", "--dir", str(folder)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    erp = folder / "erp"
    while child.poll() is None and (not (erp / "tryton.pid").exists() or (erp / "unowned").exists()):
        time.sleep(0.2)
    child.kill()
    child.wait()


def strike(folder: Path, after_s: float, *, erp: bool) -> bool:
    """One life of the demo, ended so many seconds after its work began; False where it had ended by itself."""
    child = subprocess.Popen(
        command("demo", "--dir", str(folder)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert child.stderr is not None
    said = []
    for line in child.stderr:
        said.append(line)
        if line.startswith("Read "):  # the first stage of a run: what came before is start-up
            break
    threading.Thread(target=child.stderr.read, daemon=True).start()
    try:
        child.wait(after_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        if erp:
            kill_erp(folder)
        return True
    if child.returncode not in (0, 3):
        raise SystemExit(f"the demo ended with {child.returncode}:\n{''.join(said)[-3000:]}")
    return False


def kill_erp(folder: Path) -> None:
    """SIGKILL for the ERP's process, where it runs."""
    for file in (folder / "erp").glob("*.pid"):
        try:
            os.kill(int(file.read_text().split()[0]), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            continue


def main() -> int:
    """Run the storm and judge what it left."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mean", type=float, default=1.5, help="seconds of work in a life, on average")
    parser.add_argument("--dir", type=Path, required=True)
    asked = parser.parse_args()
    began = time.monotonic()
    until_the_erp_runs(asked.dir)
    ended = storm(asked.dir, asked.kills, Random(asked.seed), asked.mean)
    subprocess.run(command("demo", "--dir", str(asked.dir)), check=True)
    config = str(asked.dir / "billsync.yaml")
    judged = [
        subprocess.run(command(*words, "--config", config), check=False).returncode
        for words in (("verify", "--live"), ("reconcile",), ("status",))
    ]
    sandbox = TrytonSandbox(asked.dir / "erp")
    if sandbox.running():
        sandbox.down()
    facts = {"kills": asked.kills, "ended before": ended, "seconds": round(time.monotonic() - began), "exits": judged}
    sys.stdout.write(f"{json.dumps(facts)}\n")
    return max(judged[:2])


if __name__ == "__main__":
    sys.exit(main())
