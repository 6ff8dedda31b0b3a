"""What the kit has to be told of a connector: how its system starts, what people do in it, what is true.  (shell)

Who makes a connector writes one subclass of `Subject` and names it in the entry-point group `billsync.conformance`,
under the connector's name.  Everything here happens in the outside system, past the connector: by its administration,
by another client, by a person's hands.  The kit compares what the connector shows with `truth`.

    [project.entry-points."billsync.conformance"]
    acme = "acme_billsync.conformance:AcmeSubject"
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from billsync.connector import Connector, Context, Data


class Ability(StrEnum):
    """What a system, or who stands in for it, can do.  What it cannot is declared in `lacks`, with the reason."""

    DELETE = "delete"
    """`delete`: a record is deleted or archived, and a reader can come to know it."""
    RESTORE = "restore"
    """`restore`: what was deleted comes back."""
    MERGE = "merge"
    """`merge`: of two records one is left."""
    RELATE = "relate"
    """`relate`: what a record shows of others changes, the record itself is not touched."""
    LINK = "link"
    """`link`: the same, and no stamp anywhere tells it."""
    BURST = "burst"
    """`burst`: any number of records are made in one instant, as the system's own stamps have it."""
    LATE = "late"
    """`commit_late`: a record becomes visible after its stamp, within `lag_s`."""
    NUMBER = "number"
    """A field of exact decimals (`Kind.number`)."""
    NUL = "nul"
    """A text may hold the character NUL."""
    HUGE = "huge"
    """`strike`: the next answers show a text of ten million characters."""
    SESSION = "session"
    """`end_session`: the log-in that the connector holds is over, a new one is given."""
    FETCH = "fetch"
    """`Connector.fetch`: records by their ids."""
    DESCRIBE = "describe"
    """`Connector.describe`: the fields of a kind of record."""
    LOCKED_OUT = "locked_out"
    """`locked_out`: a connector with a wrong password or token."""
    COUNT = "count"
    """`requests`: how many requests the system has had."""
    BUSY = "busy"
    """`strike`: 429 with a Retry-After."""
    LIMIT = "limit"
    """`strike`: the system's other way to say that it is too much, such as a 403 or a daily limit."""
    ERROR = "error"
    """`strike`: a 5xx."""
    CUT = "cut"
    """`strike`: the connection ends without an answer."""
    TRUNCATED = "truncated"
    """`strike`: half an answer, or half a file."""
    WRONG_TYPES = "wrong_types"
    """`strike`: an answer that is well formed and holds something else: other types of values, records without id."""
    LOGIN_PAGE = "login_page"
    """`strike`: 200 with a page of HTML."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record that the kit tries.

    Attributes:
        object: its name, as in `Connector.read`.
        text: a field that takes any text of 100 characters.
        number: a field of exact decimals, 16 digits of which 2 after the point; "" where there is none (`NUMBER`).
        lacks: as `Subject.lacks`, for this kind alone.
    """

    object: str
    text: str
    number: str = ""
    lacks: Mapping[Ability, str] = field(default_factory=dict)


class Subject(ABC):
    """A connector and the outside system that it reads, in the hands of the kit.

    Class attributes:
        connector: the name under which it is reported.
        kinds: kinds of record to try; most rules try the first, so put the one that matters most there.
        lacks: abilities that the system does not have, with the reason; a rule that needs one is shown as
            "not applicable".  An ability that is not listed must work.
        page: most records on a page of a connector that `open` made.  Make it small: the kit fills several pages.
        lag_s: seconds by which a record may become visible after its stamp, without being missed.
        untold_s: seconds within which what leaves no trace (`link`) is found all the same, by reading everything again.
        quiet_requests: most requests of a read of the first kind where nothing has changed for longer than `lag_s`,
            however many records there are.

    Only what has no default and what is not in `lacks` must be implemented.  Errors of its own may be any exception.
    """

    connector: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    lacks: ClassVar[Mapping[Ability, str]] = {}
    page: ClassVar[int] = 5
    lag_s: ClassVar[int] = 0
    untold_s: ClassVar[int] = 0
    quiet_requests: ClassVar[int] = 3

    def __init__(self, folder: Path) -> None:
        """`folder` is empty and belongs to this subject; nothing is started yet."""
        self.folder = folder

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start the system; called once, before all else."""

    def down(self) -> None:
        """Stop it; called once, at the end."""

    @abstractmethod
    def reset(self) -> None:
        """No records of any kind, no faults, no lag: called before each rule."""

    @abstractmethod
    def open(self, context: Context) -> Connector:
        """A new connector to it; the kit closes it.  There may be several at once."""

    def locked_out(self, context: Context) -> Connector:
        """LOCKED_OUT: a connector whose password or token is wrong."""
        raise self._undeclared(Ability.LOCKED_OUT)

    def secrets(self) -> Sequence[str]:
        """Words that must never be in a message: passwords, tokens, those of `locked_out` too."""
        return ()

    # ------------------------------------------------------------ what is true

    @abstractmethod
    def truth(self, object: str) -> Mapping[str, Data]:
        """Every live record, by id: the fields that are compared, as the connector must show them; visible or not yet.

        At least those that the kit wrote, and what `relate` changes.  Fields left out are not compared.  Numbers are
        compared as numbers, all else as it is; no float.
        """

    # ------------------------------------------------------------ what people do

    @abstractmethod
    def create(self, object: str, fields: Data) -> str:
        """Make a record; its id.  `fields` holds values of `Kind.text` (str) and `Kind.number` (Decimal), or nothing.

        Whatever else the system needs of a record is for the subject to fill in.
        """

    @abstractmethod
    def edit(self, object: str, id: str, fields: Data) -> None:
        """Change these fields of a record."""

    def delete(self, object: str, id: str) -> None:
        """DELETE: delete or archive a record."""
        raise self._undeclared(Ability.DELETE)

    def restore(self, object: str, id: str) -> None:
        """RESTORE: bring a deleted record back, as it was."""
        raise self._undeclared(Ability.RESTORE)

    def merge(self, object: str, winner: str, loser: str) -> None:
        """MERGE: two live records become one; `truth` tells which id is left."""
        raise self._undeclared(Ability.MERGE)

    def relate(self, object: str, id: str) -> None:
        """RELATE: change what a record shows of others (an association, a child, a line), not the record itself.

        Each call changes it to something else than before.
        """
        raise self._undeclared(Ability.RELATE)

    def link(self, object: str, id: str) -> None:
        """LINK: change what a record shows of others so that neither the record nor the others count as changed."""
        raise self._undeclared(Ability.LINK)

    def burst(self, object: str, rows: Sequence[Data]) -> list[str]:
        """BURST: make all of these in one instant of the system's stamps; their ids."""
        raise self._undeclared(Ability.BURST)

    def commit_late(self, object: str, fields: Data, after_s: int) -> None:
        """LATE: make a record whose stamp is of now, and which nobody sees until `after_s` seconds have passed."""
        raise self._undeclared(Ability.LATE)

    # ------------------------------------------------------------ time

    def pass_time(self, seconds: int) -> None:
        """Let the system's clock go forward; by default by waiting."""
        time.sleep(seconds)

    def settle(self) -> None:
        """Wait until every change so far is visible: search indexes have caught up."""

    # ------------------------------------------------------------ what goes wrong

    def end_session(self) -> None:
        """SESSION: every session or access token ends now; a new one is given to who asks with the right secret."""
        raise self._undeclared(Ability.SESSION)

    def strike(self, fault: Ability, *, after_s: int = 1) -> None:
        """Let the next request of the connector that reads records meet this fault, and none after it.

        `after_s` is what BUSY says in Retry-After.  HUGE stays until `calm`; where it is a record with such a text
        rather than a fault, it stays for good and stands in `truth`.
        """
        raise self._undeclared(fault)

    def calm(self) -> None:
        """Take back all faults that have not struck."""

    def requests(self) -> int:
        """COUNT: requests that the system has had of connectors since `reset`."""
        raise self._undeclared(Ability.COUNT)

    # ------------------------------------------------------------ inside

    def _undeclared(self, ability: Ability) -> NotImplementedError:
        name = type(self).__name__
        return NotImplementedError(f"{name} implements no `{ability}`: do so, or say in `lacks` why it cannot be")
