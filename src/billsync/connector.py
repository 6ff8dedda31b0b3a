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

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel

from billsync.model.base import Noun
from billsync.model.problem import Place, Problem

Data = Mapping[str, Any]
"""A record's content: text, int, Decimal, bool, date, datetime, None, lists and mappings of these; never a float."""

Checkpoint = Mapping[str, Any]
"""Where a read stands: JSON values only, made and understood by the connector alone."""


# ---------------------------------------------------------------- faults


class Fault(Exception):
    """What may go wrong at the port, ordered by what to do about it.

    Attributes:
        reason: a token such as `rate_limited`, for machines and tables.
        message: one sentence for people: the system, what happened, what to do.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), self.reason, self.message))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reason!r}, {self.message!r})"


class TryLater(Fault):
    """Nothing was executed: no connection, 401, 429, a declared 503.

    Attributes:
        after_s: seconds to wait before the same is tried again, or None for the engine's own backoff.
        offline: True where the system as a whole could not be reached or entered, so that other calls would fail too.
    """

    def __init__(self, reason: str, message: str = "", *, after_s: float | None = None, offline: bool = False) -> None:
        super().__init__(reason, message)
        self.after_s = after_s
        self.offline = offline


class Refused(Fault):
    """Nothing was executed, and sending the same again would not help.

    Attributes:
        field: the payload's field that is to blame, or "".
    """

    def __init__(self, reason: str, message: str = "", *, field: str = "") -> None:
        super().__init__(reason, message)
        self.field = field


class NoSandbox(Fault):
    """A local stand-in cannot be built, started or used; the message says what to do."""


class Unclear(Fault):
    """A write was sent and its outcome is not known: timeout, reset, 5xx, an unreadable success."""


# ---------------------------------------------------------------- reading


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
    """

    records: Sequence[Record]
    problems: Sequence[Problem] = ()
    checkpoint: Checkpoint = field(default_factory=dict)
    snapshot: bool = False
    complete: bool = False


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


# ---------------------------------------------------------------- writing


class Target(StrEnum):
    """What a system offers so that one intent has one effect (docs/reference/promises.md).

    KEY: an idempotency key of ours, honoured for a lifetime.  UPSERT: writing by an id of ours.  SEARCH: our reference
    can be looked up, nothing more.  NONE: neither; an unknown outcome is for a person.
    """

    KEY = "A"
    UPSERT = "B"
    SEARCH = "C"
    NONE = "D"


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


class RatingSheet(Noun):
    """How a system comes to the amounts of a document from the lines that it is sent.

    Attributes:
        lines, quantity, unit_price, tax_rate, product, description: names of the written fields.
        unit_price_places: decimals that it keeps of a unit price, None for any number.
        tax_rounding: whether it rounds the tax of each line, of each rate, or of the document.
    """

    lines: str = "lines"
    quantity: str = "quantity"
    unit_price: str = "unit_price"
    tax_rate: str = "tax_rate"
    product: str = "product"
    description: str = "description"
    unit_price_places: int | None = None
    tax_rounding: Literal["line", "rate", "document"] = "rate"


class WriteSheet(Noun):
    """How one kind of record is written, and what an unknown outcome means.

    Attributes:
        target: the strongest guarantee that the system gives for it.
        reference: the field that carries our reference and can be searched.
        into: the field of the record that holds all that is written, or "" where each is a field of its own.
        settle_s: seconds after which a request that was given up can no longer take effect there.
        key_lifetime_s: how long an idempotency key is honoured (KEY only), else None.
        batch_max: how many intents one `write` may hold.
        serial: True where two writes at once are not safe.
        voids: True where `Intent.void` is understood.
        rating: how it computes what a document comes to, None where that is not known: then only what is read back
            after the write is compared.
        ordered: True where a document is refused after a later one (numbers and dates must rise together): the engine
            then sends nothing before an earlier one whose outcome is open.
    """

    target: Target
    reference: str
    into: str = ""
    settle_s: float = 60.0
    key_lifetime_s: float | None = None
    batch_max: int = 1
    serial: bool = True
    ordered: bool = False
    voids: bool = False
    rating: RatingSheet | None = None


class Capabilities(Noun):
    """What a connector can do, as data: the engine acts on it, docs are made from it.

    Attributes:
        system: entry point name, such as `tryton`.
        calls_per_s: requests a second that the system bears, or None for any number.
        money_decimals: decimals of a unit price there, or None for any.
    """

    system: str
    title: str
    reads: dict[str, ReadSheet] = {}
    writes: dict[str, WriteSheet] = {}
    money_decimals: int | None = None
    calls_per_s: Decimal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the written document must show when it is read back; None means "not compared"."""

    total: Decimal | None = None
    tax: Decimal | None = None
    currency: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """One record that shall exist there in the state that the payload describes.

    Attributes:
        key: our reference, the same for every attempt: it must be stored in the sheet's `reference` field.
        object: the system's own name of the kind of record.
        payload: the content; references are already the remote ids.
        remote_id: the record that already stands for it, or None.  Where given, that record is brought to the wanted
            state and no other is made.
        idempotency_key: for KEY targets: the same for every attempt of one generation.
        expect: what the document must show, or None.
        void: True where the record `remote_id` shall count for nothing there any more: cancelled or taken back,
            as that system does it.  One that is void already is `Applied`.
    """

    key: str
    object: str
    payload: Data
    remote_id: str | None = None
    idempotency_key: str = ""
    expect: Expectation | None = None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The record stands there as intended.

    Attributes:
        remote_id: its id there.
        echo: what was read back, by the names of `Expectation` and `number`, `state`; None-valued where not known.
    """

    remote_id: str
    echo: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The record exists, but is not yet in the wanted state; writing again with its `remote_id` finishes it."""

    remote_id: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The record exists and shows something else than was sent: a person has to look."""

    remote_id: str
    message: str
    echo: Data = field(default_factory=dict)


Outcome = Applied | Unfinished | Mismatch | TryLater | Refused | Unclear
"""What became of one intent."""


@dataclass(frozen=True, slots=True)
class Found:
    """Records that carry the reference: one is an answer, two are a doubled document.

    Attributes:
        remote_ids: at least one.
        complete: False where the (only) record still has to be finished by another `write`.
        echo: as in `Applied`, of the only record.
    """

    remote_ids: tuple[str, ...]
    complete: bool = True
    echo: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """No record carries the reference, as far as the system shows at this moment."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """The look-up itself did not work: ask again later.

    Attributes:
        offline: as in `TryLater`.
    """

    reason: str
    message: str = ""
    offline: bool = False


Probe = Found | Absent | Unsure
"""What a look-up by our reference says."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One document as it stands in the outside system, in our words; None means that the system does not say.

    Attributes:
        id: its id there; reference: ours, as the sheet's `reference` field shows it, "" where it carries none.
        number: the document's own number there, or None.
        customer: id there of the record that it is for, or None.
        applies_to: of payments: our reference of the document that it settles, "" where none; else None.
        total: with tax, of a payment its amount; tax: of it; open: what is still to be paid.
        on: date of the document.
        state: `draft`, `sent`, `partly_paid`, `paid` or `void`; of payments `booked` or `void`.
    """

    id: str
    reference: str
    currency: str
    total: Decimal
    number: str | None = None
    customer: str | None = None
    applies_to: str | None = None
    tax: Decimal | None = None
    open: Decimal | None = None
    on: date | None = None
    due_on: date | None = None
    lines: int | None = None
    state: str | None = None


# ---------------------------------------------------------------- what a connector may keep


class Keep(Protocol):
    """What a connector must not lose between runs: a refresh token that the system exchanges for a new one.

    Texts by name, of one connection; the engine's are encrypted in the store and shared by all its processes.
    """

    def get(self, name: str) -> str | None:
        """The text, or None where there is none yet.  Raises `Refused` where it cannot be decrypted."""

    def put(self, name: str, value: str) -> None:
        """Keep a text; it outlives a crash from the moment this returns."""

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Nobody else, in any process, is inside of it by the same name: look again, then exchange, then `put`.

        Raises `TryLater` where somebody else stays in it too long.
        """


class Memory:
    """A `Keep` of one process, which forgets: for tries and tests."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """The text, or None."""
        return self._texts.get(name)

    def put(self, name: str, value: str) -> None:
        """Keep it until the process ends."""
        self._texts[name] = value

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Nobody else is there: an instance belongs to one thread, whatever the name."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine hands to a connector when it opens one.

    Attributes:
        name: the connection's name in the configuration; places of records carry it as their system.
        root: folder that relative paths of the configuration start from.
        keep: where it keeps what it must not lose.
    """

    name: str
    root: Path
    keep: Keep = field(default_factory=Memory)


# ---------------------------------------------------------------- what a system tells by itself


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


class Connector(ABC):
    """One outside system.  An instance belongs to one connection and one thread.

    A subclass states `capabilities` and `config`, and implements the reads and writes that its capabilities name.
    """

    capabilities: ClassVar[Capabilities]
    config: ClassVar[type[BaseModel]]
    """Model of the connection's settings; secrets in it are `pydantic.SecretStr`, filled in by the engine."""

    @abstractmethod
    def __init__(self, context: Context, config: Any) -> None:
        """Keep the settings; reach nothing yet.  `config` is an instance of the class's `config` model."""

    @abstractmethod
    def check(self) -> Health:
        """Reach the system and say as whom.  Raises `TryLater` or `Refused`."""

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, as they are now.  Raises `TryLater` or `Refused`."""
        raise Refused("not_supported", f"{self.capabilities.title} cannot describe {object}")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, page by page; all of them where it is None.

        A page's checkpoint may be stored at once: nothing that lies before it is ever missed.  A record may come
        again.  Raises `TryLater` or `Refused`, between pages too.
        """
        raise Refused("not_supported", f"{self.capabilities.title} cannot read {object}")

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now; those that are not there are left out.  Raises `TryLater` or `Refused`."""
        raise Refused("not_supported", f"{self.capabilities.title} cannot fetch {object}")

    def hints(self, hook: Hook) -> Sequence[Hint]:
        """What a request to our address for this system says, once it is proven to come from there.

        Asks nothing of the system: it has to be answered at once.  Raises `Refused` (`bad_signature`, `too_old`,
        `bad_request`) for what is not proven or cannot be understood.
        """
        raise Refused("not_supported", f"{self.capabilities.title} does not tell of changes by itself")

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference: one answer per key, in the same order.  Never raises per key.

        Records that are void there are left out where another one carries the reference.
        """
        return [Unsure("not_supported", f"{self.capabilities.title} cannot look up {object}") for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every document of this kind that stands there, ours and others', void ones too; page by page, in any order.

        Raises `TryLater` or `Refused`, between pages too.
        """
        raise Refused("not_supported", f"{self.capabilities.title} cannot list its {object}s")

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents: one outcome per intent, in the same order.  Never raises per record."""
        return [Refused("not_supported", f"{self.capabilities.title} cannot write {object}") for _ in intents]

    def close(self) -> None:
        """Let go of connections; called once, also after errors."""


def differences(expect: Expectation | None, echo: Data) -> str:
    """What the echo shows otherwise than expected, in words; "" where all that can be compared is equal."""
    if expect is None:
        return ""
    pairs = (("total", expect.total), ("tax", expect.tax), ("currency", expect.currency), ("lines", expect.lines))
    return ", ".join(
        f"{name} is {echo[name]} there, {wanted} here"
        for name, wanted in pairs
        if wanted is not None and echo.get(name) is not None and echo[name] != wanted
    )
