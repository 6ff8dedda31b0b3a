"""What is told, by name: events, spans and figures; docs/reference/events.md is made from this.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens.

    Attributes:
        level: how it is told where nothing more is known.
        facts: names of the facts that it brings, beside those that are bound around it.
        meaning: one sentence.
    """

    name: str
    level: str
    facts: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A counter, gauge or histogram.

    Attributes:
        kind: `counter`, `gauge` or `histogram` (of seconds).
        labels: names of configuration and codes, never ids of records.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Span:
    """Something that takes time: a span of a trace, and where it names one the histogram that it goes into."""

    name: str
    facts: tuple[str, ...]
    meaning: str
    figure: str = ""


BOUND: Final = ("run", "pipeline", "slot", "connection")
"""Facts that stand in every event of a run, where they are known."""

EVENTS: Final = (
    Event("process_started", "info", ("kind", "version", "pid"), "a daemon or worker began"),
    Event("process_ended", "info", ("kind",), "it came to its end in good order"),
    Event("run_started", "info", ("resumed",), "a run of a pipeline began"),
    Event("run_ended", "info", ("state", "exit_code", "seconds", "counts"), "it ended; `state` as in `billsync runs`"),
    Event("run_not_needed", "info", (), "its slot has been run already"),
    Event("slot_settled", "info", ("outcome", "why"), "a slot of a schedule rings, is skipped or was missed"),
    Event("slots_not_noted", "warning", ("reason",), "the store did not answer: slots are looked at again soon"),
    Event("clock_set_back", "warning", ("seconds",), "the machine's clock was set back"),
    Event("configuration_taken_up", "info", ("pipelines",), "a changed configuration is used from now on"),
    Event("configuration_refused", "error", ("codes",), "a changed configuration has errors: the old one stays"),
    Event("stage_ended", "debug", ("stage", "seconds"), "a stage of a run ended"),
    Event("page_stored", "debug", ("object", "records", "fresh"), "a page of records and its checkpoint are committed"),
    Event("object_read", "info", ("object", "records", "fresh"), "a kind of record was read to its end"),
    Event("object_drifted", "warning", ("object", "field"), "the read ended before its end: records changed in form"),
    Event("problem_found", "warning", ("code", "system", "object", "id"), "a record has a problem, or still has it"),
    Event("push_ended", "info", ("confirmed", "refused", "review", "reason"), "the push of a run to a system ended"),
    Event("write_confirmed", "info", ("key", "remote_id", "attempt"), "a document stands in the other system"),
    Event("write_put_off", "info", ("key", "reason", "attempt"), "proven not executed: it is sent again later"),
    Event("write_unknown", "warning", ("key", "reason", "attempt"), "nobody knows whether it took effect: looked up"),
    Event("write_refused", "warning", ("key", "reason", "attempt"), "a clear refusal: a person mends the cause"),
    Event("write_in_review", "warning", ("key", "reason", "attempt"), "a person has to look"),
    Event("gate_moved", "warning", ("state", "reason"), "a system is held back, or let in again"),
    Event(
        "call_failed", "info", ("host", "method", "reason", "status"), "a call to a system brought no answer we want"
    ),
    Event("call_repeated", "debug", ("reason", "attempt"), "a read is made once more"),
    Event("budget_alone", "warning", (), "the shared call budget was not reached: this process keeps to its own share"),
    Event("beat_failed", "warning", ("worker", "reason"), "a process could not say that it lives"),
    Event("declared_dead", "error", ("worker",), "others took this process for dead: it ends, and does nothing more"),
    Event("leave_failed", "warning", ("worker",), "a process could not say that it ends"),
    Event("rescue_failed", "warning", ("worker", "reason"), "a process could not look for dead ones: it looks again"),
    Event("worker_dead", "warning", ("dead", "sessions", "flows"), "a process gave no sign: its work is taken over"),
    Event("flow_interrupted", "warning", ("flow", "reason"), "the store was away: the flow goes on once it is there"),
    Event("flows_not_looked_after", "warning", ("reason",), "the store did not answer: flows are looked after again"),
    Event("lock_awaited", "debug", ("owner",), "another process works on the pipeline"),
    Event("alert_told", "info", ("channel", "alerts"), "somebody was alerted"),
    Event("alert_not_taken", "warning", ("channel", "why", "alerts"), "a channel did not take an alert: tried again"),
    Event("alerts_failed", "error", ("error",), "the look for alerts failed; the next one comes"),
    Event("secret_exchanged", "info", ("kept",), "a token of a system was kept anew, sealed"),
    Event("log", "warning", ("logger", "said", "error"), "a library said something: its own words without the values"),
    Event("health_served", "info", ("port",), "health and figures can be asked for here"),
    Event("traces_not_sent", "warning", ("hint",), "traces are asked for, and the libraries are missing"),
    Event("health_not_served", "warning", ("reason",), "nobody can be answered at `observe: listen`"),
)

FIGURES: Final = (
    Figure("billsync_runs_total", "counter", ("pipeline", "state"), "runs that ended, by how"),
    Figure("billsync_run_seconds", "histogram", ("pipeline",), "how long runs take"),
    Figure(
        "billsync_slots_total", "counter", ("pipeline", "outcome", "why"), "slots of schedules, by what became of them"
    ),
    Figure("billsync_stage_seconds", "histogram", ("pipeline", "stage"), "how long their stages take"),
    Figure("billsync_records_read_total", "counter", ("connection", "object"), "records that were read"),
    Figure(
        "billsync_records_fresh_total", "counter", ("connection", "object"), "those of them that were new or changed"
    ),
    Figure("billsync_problems_found_total", "counter", ("pipeline", "code"), "problems, each time they are found"),
    Figure("billsync_writes_total", "counter", ("connection", "outcome"), "moves of planned writes, by state reached"),
    Figure(
        "billsync_gate_moves_total", "counter", ("connection", "state"), "how often a system was held back or let in"
    ),
    Figure("billsync_calls_total", "counter", ("connection", "status"), "HTTP requests, by status or `none`"),
    Figure("billsync_call_seconds", "histogram", ("connection",), "how long HTTP requests take, body included"),
    Figure("billsync_call_repeats_total", "counter", ("connection", "reason"), "reads that were made once more"),
    Figure("billsync_secrets_exchanged_total", "counter", ("connection",), "tokens that were kept anew"),
    Figure("billsync_budget_waits_total", "counter", ("connection",), "waits for the shared call budget"),
    Figure("billsync_workers_dead_total", "counter", (), "processes that were found dead"),
    Figure("billsync_alerts_told_total", "counter", ("channel",), "alerts that were told"),
    Figure("billsync_alerts_not_taken_total", "counter", ("channel",), "messages that a channel did not take"),
    Figure("billsync_events_total", "counter", ("level",), "lines that were told"),
    Figure("billsync_not_told_total", "counter", ("what",), "what could not be told: the sink was gone or full"),
)

SPANS: Final = (
    Span("run", (), "a run, from its start to its end", "billsync_run_seconds"),
    Span("stage", ("stage",), "one line of `sync.py`", "billsync_stage_seconds"),
    Span("page", ("object", "records", "fresh"), "one page of records into the inbox"),
    Span("batch", ("object", "writes"), "one batch of writes: claimed, sent, noted"),
    Span("call", ("host", "method", "status"), "one HTTP request to another system", "billsync_call_seconds"),
)

STANDING: Final = (
    Figure("billsync_store_up", "gauge", (), "1 where the store answers; the figures below are absent where it is 0"),
    Figure("billsync_backlog", "gauge", ("connection", "state"), "planned writes that have not taken effect"),
    Figure("billsync_backlog_oldest_seconds", "gauge", ("connection",), "age of the oldest that nobody has to mend"),
    Figure(
        "billsync_freshness_seconds", "gauge", ("pipeline",), "since when all that it reads was looked at to the end"
    ),
    Figure("billsync_moved_seconds", "gauge", ("pipeline",), "since when something was new"),
    Figure("billsync_open_problems", "gauge", ("pipeline",), "problems that are open"),
    Figure("billsync_gate_open", "gauge", ("connection",), "1 where writes may go out, 0 where they are held back"),
    Figure(
        "billsync_last_run_timestamp_seconds", "gauge", ("pipeline", "state"), "when the newest run of each state began"
    ),
    Figure("billsync_processes_alive", "gauge", ("kind",), "daemons and workers that gave a sign lately"),
    Figure(
        "billsync_slots_last_day", "gauge", ("pipeline", "outcome"), "slots of the last day, by what became of them"
    ),
    Figure("billsync_calls_free", "gauge", ("connection", "limit"), "calls that may be made now, of a limit's"),
)
"""What stands in the store, read when somebody asks."""
