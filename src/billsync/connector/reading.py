"""What comes out of a system: records in pages, how they are read, and what it tells by itself.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billsync.model.base import Noun
from billsync.model.problem import Place, Problem

Data = Mapping[str, Any]
"""A record's content: text, int, Decimal, bool, date, datetime, None, lists and mappings of these; never a float."""

Checkpoint = Mapping[str, Any]
"""Where a read stands: JSON values only, made and understood by the connector alone."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the outside system has it.

    Attributes:
        object: the system's own name of the kind of record.
        id: its key there, as text.
        data: its content; empty where `deleted`.
        place: where a person finds it: file and line, or system, object and id.
        deleted: True where the system says that the record is gone.
    """

    object: str
    id: str
    data: Data
    place: Place
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and how to go on after them.

    Attributes:
        records: in the system's order; the same record may come twice.
        problems: records that could not be read at all; good ones of the same page are in `records`.
        checkpoint: stored in one transaction with the records; given back to `read` to continue after this page.
        snapshot: True on the last page of a read that showed every live record: what was not seen is gone.
        complete: True on the last page of a read that went through everything, even if some of it could not be read:
            complaints about the object that were not made again are mended.  A snapshot is always complete.
        total: how many records the whole read will bring, about, where the system says so; None where it does not.
    """

    records: Sequence[Record]
    problems: Sequence[Problem] = ()
    checkpoint: Checkpoint = field(default_factory=dict)
    snapshot: bool = False
    complete: bool = False
    total: int | None = None


class FieldInfo(Noun):
    """One field of an outside system's record, as `describe` tells it."""

    name: str
    type: str = "text"
    required: bool = False
    writable: bool = True
    custom: bool = False
    choices: tuple[str, ...] = ()
    max_length: int | None = None


class Schema(Noun):
    """The fields of one kind of record, as they are now.

    Attributes:
        open: True where others may exist that can't be listed.
        sampled: True where the fields are those of a few records: one that is not among them may be there all the same.
    """

    object: str
    fields: tuple[FieldInfo, ...]
    open: bool = False
    sampled: bool = False


class Health(Noun):
    """The answer of `check`: what was reached, as whom, and remarks that a person should read."""

    system: str
    version: str = ""
    identity: str = ""
    remarks: tuple[str, ...] = ()


class ReadSheet(Noun):
    """How one kind of record is read.

    Attributes:
        key: the field that holds the record's id.
        snapshot: True where a read always shows every live record.
        page_size: records a page, about.
    """

    key: str
    snapshot: bool = False
    page_size: int = 500


@dataclass(frozen=True, slots=True)
class Hook:
    """A request that a system, or somebody who pretends to be one, sent to our address for it.

    Attributes:
        url: the whole address as the sender called it, with its query: signatures cover it.
        headers: names in lower case.
        at: when it came; a signature that is too old is not accepted.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """That a record may have changed; what it is now is read from the system.

    Attributes:
        object: the system's own name of the kind of record, as in `read`.
    """

    object: str
    id: str
