"""Figures for Prometheus: a registry of our own, labels that cannot grow without end.  (shell)"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from billsync.observe import mask
from billsync.observe.catalogue import FIGURES, Figure

MANY: Final = 300
"""Different values of one label of one figure; what comes beyond them counts as `other`."""

_BUCKETS: Final = {
    "billsync_call_seconds": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
    "billsync_run_seconds": (1, 5, 15, 60, 300, 900, 3_600, 4 * 3_600, 24 * 3_600),
    "billsync_stage_seconds": (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200),
}

__all__ = ["Collector", "Figures", "Metric"]


class Figures:
    """Every counter and histogram of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._values: dict[tuple[str, str], set[str]] = {}
        self._made: dict[str, Any] = {}
        self._labels: dict[str, tuple[str, ...]] = {}
        for figure in FIGURES:
            self._make(figure)

    def _make(self, figure: Figure) -> None:
        name, labels = figure.name, figure.labels
        self._labels[name] = labels
        if figure.kind == "counter":
            self._made[name] = Counter(name, figure.meaning, labels, registry=self.registry)
        elif figure.kind == "gauge":
            self._made[name] = Gauge(name, figure.meaning, labels, registry=self.registry)
        else:
            self._made[name] = Histogram(name, figure.meaning, labels, registry=self.registry, buckets=_BUCKETS[name])

    def count(self, name: str, by: float, labels: Mapping[str, str]) -> None:
        """A counter grows."""
        self._one(name, "counter", labels).inc(by)

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """A gauge stands at a value."""
        self._one(name, "gauge", labels).set(value)

    def took(self, name: str, seconds: float, facts: Mapping[str, Any]) -> None:
        """Something took so long; its labels are among the facts."""
        labels = {label: str(facts.get(label) or "") for label in self._labels[name]}
        self._one(name, "histogram", labels).observe(seconds)

    def _one(self, name: str, kind: str, labels: Mapping[str, str]) -> Any:
        """The figure with these labels.  Raises ValueError where it is known with others."""
        found = self._made.get(name)
        if found is None:  # of a connector or a plugin: known from its first value on
            with self._lock:
                if name not in self._made:
                    self._make(Figure(name, kind, tuple(sorted(labels)), name.replace("_", " ")))
                found = self._made[name]
        return (
            found.labels(**{label: self._bounded(name, label, labels[label]) for label in labels}) if labels else found
        )

    def _bounded(self, name: str, label: str, value: str) -> str:
        known = self._values.setdefault((name, label), set())
        shown = mask.text(str(value))
        if shown not in known:
            if len(known) >= MANY:
                return "other"
            known.add(shown)
        return shown

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self.registry)
