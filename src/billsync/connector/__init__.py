"""The port: what a connector is, and everything that may pass between it and the engine.  (pure)

A connector answers questions about one outside system and carries out writes in it.  It sees the nouns, this page,
`billsync.strict` and `billsync.wire`; nothing else of the engine.  No exception but the three faults crosses the port.

    Fault
     ├── TryLater   provably nothing happened there: the same may be sent again, after `after_s` seconds
     ├── Refused    provably nothing happened, and the same will be refused again: a person has to act
     ├── Unclear    a write may or may not have happened: look it up before anything is sent again
     └── NoSandbox  of local stand-ins only: it cannot be started or used
"""

from __future__ import annotations

from billsync.connector.calls import CALLS, FREE, CallLimit, Calls, Free, Said, Urgency
from billsync.connector.faults import Fault, NoSandbox, Refused, TryLater, Unclear
from billsync.connector.port import Connector, Context, Keep, Memory
from billsync.connector.reading import Checkpoint, Data, FieldInfo, Health, Hint, Hook, Page, ReadSheet, Record, Schema
from billsync.connector.setting_up import Attachment, Books, Choice, Trial
from billsync.connector.writing import (
    Absent,
    Applied,
    Capabilities,
    Expectation,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    RatingSheet,
    Standing,
    Target,
    Unfinished,
    Unsure,
    WriteSheet,
    differences,
)

__all__ = [
    "CALLS",
    "FREE",
    "Absent",
    "Applied",
    "Attachment",
    "Books",
    "CallLimit",
    "Calls",
    "Capabilities",
    "Checkpoint",
    "Choice",
    "Connector",
    "Context",
    "Data",
    "Expectation",
    "Fault",
    "FieldInfo",
    "Found",
    "Free",
    "Health",
    "Hint",
    "Hook",
    "Intent",
    "Keep",
    "Memory",
    "Mismatch",
    "NoSandbox",
    "Outcome",
    "Page",
    "Probe",
    "RatingSheet",
    "ReadSheet",
    "Record",
    "Refused",
    "Said",
    "Schema",
    "Standing",
    "Target",
    "Trial",
    "TryLater",
    "Unclear",
    "Unfinished",
    "Unsure",
    "Urgency",
    "WriteSheet",
    "differences",
]
