"""Writes docs/reference/events.md: `python -m tests.project.write_events`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from billsync.observe.catalogue import BOUND, EVENTS, FIGURES, SPANS, STANDING, Figure

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"

HEAD = """# Events, spans and figures

What the daemon, workers and `billsync sync` tell while they work: [how to have it told](../how-to/watch-billsync.md).
Names stay as they are; new ones may come. Facts are ids, counts and codes. Contents of records are never told; what
looks like a secret, an e-mail address, a telephone, account or card number all the same is masked. This page is made
from `src/billsync/observe/catalogue.py`.
"""


def page() -> str:
    """The page."""
    events = ([f"`{one.name}`", one.level, _codes(one.facts), one.meaning] for one in EVENTS)
    spans = ([f"`{one.name}`", _codes(one.facts), one.meaning] for one in SPANS)
    return "\n".join(
        [
            HEAD,
            "## Events\n",
            f"One JSON object a line, with `timestamp`, `level`, `event`, and where they are known {_codes(BOUND)},",
            "`trace_id` and `span_id`.\n",
            *_table(("event", "level", "facts", "meaning"), events),
            "\n## Figures of one process\n",
            *_table(("figure", "kind", "labels", "meaning"), map(_row, FIGURES)),
            "\n## Figures of what stands in the store\n",
            "The same whichever process is asked; read from the store at most every 15 seconds.\n",
            *_table(("figure", "kind", "labels", "meaning"), map(_row, STANDING)),
            "\n## Spans\n",
            "A trace is a run. Nothing of it is sent along to the systems that are called.\n",
            *_table(("span", "facts", "meaning"), spans),
            "",
        ]
    )


def _row(one: Figure) -> list[str]:
    return [f"`{one.name}`", one.kind, _codes(one.labels), one.meaning]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> list[str]:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
