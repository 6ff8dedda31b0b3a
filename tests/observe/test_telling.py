"""One watcher: lines that are JSON, figures whose labels end, libraries that say no values; nobody costs nothing."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from billsync import observe
from billsync.observe.logging import Foreign, Lines, take_over
from billsync.observe.metrics import MANY, Figures
from billsync.observe.watcher import Watching


class Full(io.StringIO):
    """A sink whose disk is full."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    observe.watch(Watching(Figures(), Lines(stream, "json", "debug")))
    yield stream
    observe.watch(None)


def told(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_what_is_bound_around_it(lines: io.StringIO) -> None:
    with observe.bound(run="billing@1", pipeline="billing"), observe.bound(connection="erp"):
        observe.event("write_refused", level="warning", key="invoice:1\nINV\x1b[0m", reason="bad_value")
    observe.event("process_ended", kind="daemon")
    first, second = told(lines)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "level": "warning", "event": "write_refused", "run": "billing@1", "pipeline": "billing", "connection": "erp",
        "key": "invoice:1\\u000aINV\\u001b[0m", "reason": "bad_value",
    }  # fmt: skip
    assert "run" not in second
    assert list(second)[:3] == ["timestamp", "level", "event"]


def test_a_library_says_its_own_words_and_no_values(lines: io.StringIO) -> None:
    back = take_over(Foreign(lambda level, name, facts: observe.event(name, level=level, **facts)))
    logger = logging.getLogger("some.library")
    try:
        raise ValueError("Jane Doe")
    except ValueError:
        logger.exception("row %s was refused\nwith Jane Doe", "Jane Doe")
    logger.info("GET /?token=1")
    back()
    (line,) = told(lines)
    assert "Jane" not in lines.getvalue()
    assert (line["logger"], line["said"], line["error"]) == ("some.library", "row %s was refused", "ValueError")


def test_a_sink_that_is_full_stops_nobody() -> None:
    dropped: list[int] = []
    Lines(Full(), "json", "info", lambda: dropped.append(1)).write("info", "run_ended", {})
    closed = io.StringIO()
    closed.close()
    Lines(closed, "json", "info", lambda: dropped.append(1)).write("info", "run_ended", {})
    assert len(dropped) == 2


def failing_call() -> None:
    with observe.span("call", connection="erp") as mark:
        mark(status="200")
        raise KeyError


def test_figures_are_counted_and_their_labels_come_to_an_end() -> None:
    figures = Figures()
    observe.watch(Watching(figures))
    try:
        for n in range(MANY + 50):
            observe.count("billsync_calls_total", connection=f"c{n}", status="200")
        observe.count("billsync_calls_total", connection="x", colour="red")  # other labels than the figure has
        observe.count("billsync_of_a_plugin_total", 2, kind="new")
        observe.gauge("billsync_level", 7)
        with observe.bound(pipeline="billing"), observe.span("stage", stage="facts.read"):
            pass
        with pytest.raises(KeyError):
            failing_call()
    finally:
        observe.watch(None)
    text = figures.text().decode()
    assert text.count("billsync_calls_total{") == MANY + 1
    assert 'billsync_calls_total{connection="other",status="200"} 50.0' in text
    assert 'billsync_of_a_plugin_total{kind="new"} 2.0' in text
    assert "billsync_level 7.0" in text
    assert 'billsync_stage_seconds_count{pipeline="billing",stage="facts.read"} 1.0' in text
    assert 'billsync_call_seconds_count{connection="erp"} 1.0' in text
    assert 'billsync_not_told_total{what="figure"} 1.0' in text


def test_nobody_who_watches_costs_next_to_nothing() -> None:
    assert not observe.watched()
    began = time.perf_counter()
    for n in range(20_000):
        observe.event("page_stored", object="deals", records=n)
        with observe.span("page", object="deals"):
            observe.count("billsync_records_read_total", 1, connection="crm")
    each = (time.perf_counter() - began) / 20_000
    assert each < 50e-6  # about 1 microsecond on a quiet machine; a page of records takes milliseconds


def test_many_threads_write_whole_lines(lines: io.StringIO) -> None:
    def work() -> None:
        for n in range(100):
            observe.event("page_stored", records=n, object="x" * 200)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(lines)) == 400
