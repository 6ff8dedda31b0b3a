"""What one seed makes of the world: how large, which faults, how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar

from billsync.connector import Target
from tests.simulation.network import WEIGHTS
from tests.simulation.scheduler import HOUR, MIN

N = TypeVar("N", int, float)

SHARE_OFF: Final = 0.35
"""How often a seed goes without a given kind of fault: rare combinations show when the common ones are away."""

OTHERS: Final = (
    "crash",
    "pause",
    "lock_lost",
    "blackout",
    "edit_while_paging",
    "late_publish",
    "crm_delete",
    "crm_reprice",
    "full_resync",
    "two_steps",
    "burst",
    "erp_edit",
    "erp_void",
    "erp_unpay",
)
FAULTS: Final = (*WEIGHTS, *OTHERS)


@dataclass(frozen=True)
class Setup:
    """One history: everything else follows from these.

    Attributes:
        mask: kinds of faults that are left out.
        hours: how long people and faults are at work.
        late_s: how much later than its timeout a request may take effect.
        duplicates: share of the writes that a proxy sends twice.
    """

    seed: int
    kind: Target
    mask: frozenset[str] = frozenset()
    hours: int = 12
    late_s: int = 240
    duplicates: float = 0.0

    @property
    def unsettled(self) -> bool:
        """Whether the network may do what a target that can only be searched is not protected from."""
        return self.late_s > Setup.late_s or self.duplicates > 0

    def command(self) -> str:
        """What a person types to see it again."""
        parts = [f"python -m tests.simulation --seed {self.seed} --kind {self.kind}"]
        parts += [f"--mask {','.join(sorted(self.mask))}"] if self.mask else []
        parts += [f"--hours {self.hours}"] if self.hours != Setup.hours else []
        parts += [f"--late {self.late_s}"] if self.late_s != Setup.late_s else []
        parts += [f"--duplicates {self.duplicates}"] if self.duplicates else []
        return " ".join(parts)


@dataclass
class Draw:
    """The seed's choices; what the mask leaves out is drawn too, so that it changes nothing else."""

    setup: Setup
    rng: Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = Random(f"{self.setup.seed}/{self.setup.kind}")
        rng = self.rng
        self.weights = {name: self._on(name, weight) for name, weight in WEIGHTS.items()}
        self.crash = self._on("crash", rng.choice((0.002, 0.005, 0.02)))
        self.pause = self._on("pause", rng.choice((0.002, 0.005, 0.02)))
        self.lock_lost = self._on("lock_lost", 0.7)
        self.busy = self._on("edit_while_paging", rng.choice((0.02, 0.1, 0.4)))
        self.late = self._on("late_publish", rng.choice((0.1, 0.4)))
        self.delete = self._on("crm_delete", 0.1)
        self.reprice = self._on("crm_reprice", 0.15)
        self.resync = self._on("full_resync", 0.05)
        self.two_steps = self._on("two_steps", 1.0) > 0 and self.setup.kind is not Target.NONE
        self.burst = self._on("burst", 1.0) > 0 and rng.random() < 0.4
        dark_at, dark_for = rng.randrange(HOUR, 8 * HOUR), rng.randrange(23 * HOUR, 40 * HOUR)
        self.dark = (dark_at, dark_at + dark_for) if self._on("blackout", 1.0) and rng.random() < 0.12 else (0, 0)
        self.searchable = self.setup.kind is Target.SEARCH or (
            self.setup.kind is not Target.NONE and rng.random() < 0.5
        )
        edits = 0.3 if self.searchable else 0.0
        self.erp_edit, self.erp_void = self._on("erp_edit", edits), self._on("erp_void", edits)
        self.erp_unpay = self._on("erp_unpay", 0.3)
        self.lag = rng.choice((0, rng.randrange(4 * MIN)))
        self.deals = rng.randrange(8, 17)
        self.batch_max, self.ordered = rng.choice((1, 1, 5)), rng.random() < 0.3
        self.patience_s = rng.choice((60.0, 300.0, 1800.0))
        self.grouping = rng.choice(("deal", "deal", "customer-month", "customer-quarter"))

    @property
    def sweeps(self) -> bool:
        """Whether something may happen that only a later look can find."""
        return self.searchable and (self.erp_edit + self.erp_void > 0 or self.setup.unsettled)

    def _on(self, name: str, value: N) -> N:
        off = self.rng.random() < SHARE_OFF or name in self.setup.mask
        return type(value)(0) if off else value
