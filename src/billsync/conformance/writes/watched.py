"""A connector that writes under watch: one outcome for each intent, nothing raised, no float.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from billsync.conformance.broken import Broken
from billsync.conformance.watched import Watched
from billsync.connector import (
    Applied,
    Attachment,
    Books,
    Data,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Standing,
    Trial,
    Unclear,
)


class WatchedWriter(Watched):
    """Passes everything on.  Raises `Broken` in place of what may not cross the port."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """As the connector does it."""
        outcomes = self._answered("write", lambda: self._inner.write(object, intents), get_args(Outcome), len(intents))
        for outcome in outcomes:
            if isinstance(outcome, Applied | Mismatch):
                _exact(outcome.echo)
        return outcomes

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """As the connector does it."""
        probes = self._answered("probe", lambda: self._inner.probe(object, keys), get_args(Probe), len(keys))
        for probe in probes:
            if isinstance(probe, Found):
                _exact(probe.echo)
                if not probe.remote_ids:
                    raise Broken("`probe` found something and names no record")
        return probes

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """As the connector does it."""
        with self._watch("standing"):
            yield from self._inner.standing(object)

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """As the connector does it."""
        with self._writes("attach"):
            self._inner.attach(object, remote_id, file)

    def trial(self, object: str, intent: Intent) -> Trial:
        """As the connector does it."""
        with self._writes("trial"):
            trial = self._inner.trial(object, intent)
        _exact(trial.echo)
        self.heard.append(trial.message)
        return trial

    def books(self) -> Books:
        """As the connector does it."""
        with self._watch("books"):
            return self._inner.books()

    def _answered(self, method: str, ask: Any, kinds: tuple[type, ...], count: int) -> list[Any]:
        """The list that a method answers with, which raises nothing.  Raises `Broken`."""
        try:
            answers = ask()
        except Exception as error:
            self.heard.append(str(error))
            raise Broken(
                f"`{method}` raised {type(error).__name__} ({error}): each record has its own answer"
            ) from error
        if not isinstance(answers, list) or len(answers) != count:
            raise Broken(f"`{method}` answers {str(answers)[:120]} to {count} records: one answer each, in order")
        for answer in answers:
            if not isinstance(answer, kinds):
                raise Broken(f"`{method}` answers {answer!r}, which is none of {', '.join(k.__name__ for k in kinds)}")
            self.heard.append(str(getattr(answer, "message", "")))
        return answers

    @contextmanager
    def _writes(self, method: str) -> Iterator[None]:
        """Lets the three faults pass, and nothing else."""
        try:
            yield
        except Fault as fault:
            self.heard.append(fault.message)
            raise
        except Exception as error:
            self.heard.append(str(error))
            raise Broken(f"`{method}` let a {type(error).__name__} out ({error})") from error


def _exact(echo: Data) -> None:
    """Raises `Broken` for a float."""
    for name, value in echo.items():
        if isinstance(value, float):
            raise Broken(f"what was read back holds a float: {name} is {value!r}")


def told(outcome: Outcome | Probe) -> str:
    """An outcome in a line, for messages."""
    reason = getattr(outcome, "reason", "")
    message = getattr(outcome, "message", "")
    name = "Unclear" if isinstance(outcome, Unclear) else type(outcome).__name__
    return f"{name} {reason} ({message})" if reason or message else name
