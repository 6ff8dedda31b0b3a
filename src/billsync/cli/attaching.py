"""`invoice attach`: a file is laid to a document where it stands, by the tie that its write made.  (shell)

The trail says what is sent before it is sent, and that it took effect after it.  The same again changes nothing there,
so that an answer that was lost is mended by doing it once more.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billsync import plugins, schedule, settings, workspace
from billsync.cli import guard, show
from billsync.connector import Attachment, Unclear
from billsync.model.gate import GateState
from billsync.model.ref import Link
from billsync.settings import Settings
from billsync.store import Tx
from billsync.workspace import Workspace

MAX_BYTES: Final = 10_000_000
_KINDS: Final = ("invoice", "credit_note")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; `to` is a connection, None where only one can be meant."""

    number: str
    file: Path
    to: str | None = None
    dry_run: bool = False
    format: show.Format = "table"


def attach(config: Path, asked: Asked) -> int:
    """Lay a file to a document."""
    file = _file(asked.file)
    loaded, clock = settings.load(config), schedule.SystemClock()
    with workspace.opened(loaded, clock, create=False) as opened:
        with opened.store.view() as tx:
            tie = _tie(tx, loaded, asked)
            _may(tx, tie.ref.system)
        if not asked.dry_run:
            _sent(opened, tie, file)
    told = {
        "number": asked.number,
        "connection": tie.ref.system,
        "object": tie.ref.kind,
        "id": tie.ref.id,
        "file": file.name,
        "bytes": len(file.content),
    }
    if asked.format == "json":
        show.emit_json({**told, "attached": not asked.dry_run})
    else:
        show.facts("Would be attached" if asked.dry_run else "Attached", told)
    return guard.OK


def _sent(opened: Workspace, tie: Link, file: Attachment) -> None:
    """Note it, do it, note that it was done.  Raises what `Connector.attach` raises."""
    digest = hashlib.sha256(file.content).hexdigest()
    subject = f"file/{tie.our_id}"
    note = f"{file.name} sha256:{digest} to {tie.ref.system} {tie.ref.kind} {tie.ref.id}"
    with opened.store.tx("attach") as tx:
        tx.audit.append([(subject, "", "sending", note)], at=opened.clock.now())
    with workspace.connected(opened, tie.ref.system) as end:
        try:
            end.connector.attach(tie.ref.kind, tie.ref.id, file)
        except Unclear as fault:
            again = f"{fault.message}: whether it lies there is not known; the same command again makes sure"
            raise Unclear(fault.reason, again) from None
    with opened.store.tx("attached") as tx:
        tx.audit.append([(subject, "sending", "attached", note)], at=opened.clock.now())


def _file(path: Path) -> Attachment:
    """Raises `guard.Wrong`."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise guard.Wrong(f"the file '{show.visible(str(path))}' cannot be read: {error.strerror}") from None
    if not content or len(content) > MAX_BYTES:
        state = "empty" if not content else f"larger than {MAX_BYTES:,} bytes"
        raise guard.Wrong(f"the file '{show.visible(str(path))}' is {state}")
    return Attachment(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", content)


def _tie(tx: Tx, loaded: Settings, asked: Asked) -> Link:
    """The tie of the document to the one system that takes files.  Raises `guard.Wrong`."""
    if asked.to is not None and asked.to not in loaded.connections:
        known = ", ".join(loaded.connections)
        raise guard.Wrong(f"there is no connection '{show.visible(asked.to)}': there is {known}")
    if tx.ledger.invoice(asked.number) is None and tx.ledger.credit_note(asked.number) is None:
        what = f"there is no invoice '{show.visible(asked.number)}'"
        raise guard.Wrong(f"{what}: `billsync invoice list` shows those there are")
    ties = [
        tie
        for kind in _KINDS
        for name in ([asked.to] if asked.to else loaded.connections)
        if (tie := tx.links.get(kind, asked.number, name)) is not None
    ]
    if not ties:
        where = asked.to or "any connection"
        raise guard.Wrong(f"{asked.number} does not stand in {where} yet: `billsync invoice show {asked.number}`")
    able = [tie for tie in ties if _takes(loaded, tie)]
    if len(able) != 1:
        names = ", ".join(tie.ref.system for tie in able or ties)
        why = "stands in several: name one with --to" if able else "stands where no files are taken"
        raise guard.Wrong(f"{asked.number} {why}: {names}")
    return able[0]


def _takes(loaded: Settings, tie: Link) -> bool:
    connection = loaded.connections[tie.ref.system]
    sheet = plugins.load_connector(connection.connector, connection.place).capabilities.writes.get(tie.ref.kind)
    return sheet is not None and sheet.attaches


def _may(tx: Tx, name: str) -> None:
    """Raises `guard.Wrong` where nothing may be sent to the connection before a person has looked."""
    gate = tx.gates.get(name)
    if gate is not None and gate.state in (GateState.PARKED, GateState.RECOVERING):
        raise guard.Wrong(f"nothing is sent to {name} ({gate.reason}: {gate.detail}): `billsync gates list`")
