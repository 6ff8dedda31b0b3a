"""Everything that is told has a name in the catalogue, with its facts; and the page shows the catalogue."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from billsync.observe.catalogue import BOUND, EVENTS, FIGURES, SPANS, STANDING
from tests.project.write_events import PAGE, page

Told = tuple[str, str, set[str], bool]
SRC = Path(__file__).parents[2] / "src" / "billsync"
BY_HAND = {
    "stage_ended",
    "log",
    "write_confirmed",
    "write_put_off",
    "write_unknown",
    "write_refused",
    "write_in_review",
}
"""Told under a name that is worked out; their own tests see them."""
OF_THE_WATCHER = {"billsync_events_total", "billsync_not_told_total"}


@cache
def told() -> list[Told]:
    return list(_told())


def _told() -> Iterator[Told]:
    """Each call: what (event, count, gauge, span), its name, its facts, and whether there are more facts than seen."""
    for path in SRC.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "observe." in text else ():
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "observe"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                names = {word.arg for word in node.keywords if word.arg is not None}
                more = any(word.arg is None for word in node.keywords)
                yield node.func.attr, str(node.args[0].value), names - {"level", "by"}, more


def test_what_is_told_is_in_the_catalogue_and_nothing_else() -> None:
    calls = told()
    assert {name for what, name, *_ in calls if what == "event"} | BY_HAND == {one.name for one in EVENTS}
    counted = {name for what, name, *_ in calls if what in ("count", "gauge")}
    timed = {one.figure for one in SPANS if one.figure}
    assert counted | timed | OF_THE_WATCHER == {one.name for one in FIGURES}
    assert {name for what, name, *_ in calls if what == "span"} == {one.name for one in SPANS}


def test_facts_and_labels_are_those_of_the_catalogue() -> None:
    events = {one.name: {*one.facts, *BOUND} for one in EVENTS}
    figures = {one.name: set(one.labels) for one in FIGURES}
    wrong = []
    for what, name, facts, more in told():
        if what == "event" and not facts <= events[name]:
            wrong.append((name, facts - events[name]))
        if what == "count" and (not facts <= figures[name] if more else facts != figures[name]):
            wrong.append((name, facts ^ figures[name]))
    assert wrong == []


def test_names_are_unique_and_follow_the_customs() -> None:
    names = [one.name for one in (*EVENTS, *FIGURES, *STANDING, *SPANS)]
    assert len(names) == len({name.removesuffix("_total") for name in names})
    for one in (*FIGURES, *STANDING):
        assert one.name.startswith("billsync_")
        assert one.name.endswith("_total") is (one.kind == "counter")
        assert not {"id", "key", "run", "slot"} & set(one.labels)


def test_the_page_shows_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.project.write_events"
