"""The gates of connections: whether anything may be sent.  (shell)"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from billsync.model.gate import Gate, GateState
from billsync.store.audit import Audit
from billsync.store.schema import gates
from billsync.store.sql import rows, upsert

_COLUMNS = [name for name in Gate.model_fields if name != "connection"]
_ONE = select(gates).where(gates.c.connection == bindparam("s_connection"))
_Gates = list[Gate]


class Gates:
    """Gates by connection; one that was never moved is open and has no row.  Each move is in the audit."""

    def __init__(self, conn: Connection, audit: Audit) -> None:
        self._conn = conn
        self._audit = audit

    def get(self, connection: str) -> Gate | None:
        """The gate of a connection, or None where it was never moved."""
        found = rows(self._conn, _ONE, {"s_connection": connection})
        return Gate(**found[0]) if found else None

    def list(self) -> _Gates:
        """All gates that were ever moved, by connection."""
        return [Gate(**row) for row in rows(self._conn, select(gates).order_by(gates.c.connection))]

    def put(self, gate: Gate) -> None:
        """Store a gate as it stands now."""
        before = self.get(gate.connection)
        row = {name: getattr(gate, name) for name in Gate.model_fields}
        upsert(self._conn, gates, [row | {"state": str(gate.state)}], _COLUMNS)
        was = before.state if before is not None else GateState.OPEN
        if was is not gate.state:
            note = f"{gate.reason}: {gate.detail}".strip(": ")
            self._audit.append([(f"gate/{gate.connection}", str(was), str(gate.state), note)], at=gate.at)
