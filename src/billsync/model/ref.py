"""Who is who across systems: a record elsewhere, and the tie between it and ours.  (pure)"""

from __future__ import annotations

from billsync.model.base import Id, Noun, Text


class Ref(Noun):
    """A record of another system.

    Attributes:
        system: the connection's name in the configuration.
        kind: the system's own name of the kind of record.
        id: the record's id there.
    """

    system: Id
    kind: Id
    id: Id

    def __str__(self) -> str:
        return f"{self.system}/{self.kind}/{self.id}"


class Link(Noun):
    """Our record and theirs are the same thing.

    Attributes:
        kind: canonical kind, such as `customer`.
        our_id: the id in billsync.
        ref: the record elsewhere.
        sent: SHA-256 of what was last sent there, or "" where the record was only read.
    """

    kind: Id
    our_id: Id
    ref: Ref
    sent: Text = ""
