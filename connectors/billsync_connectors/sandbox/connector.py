"""The connector `sandbox`: CRM and ERP in one, to try things on.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from billsync.connector import (
    Absent,
    Attachment,
    Books,
    Checkpoint,
    Connector,
    Context,
    Fault,
    FieldInfo,
    Found,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    Record,
    Refused,
    Schema,
    Standing,
    Trial,
    TryLater,
    Unsure,
)
from billsync.wire import Client
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.login import App, login_of
from billsync_connectors.sandbox.reading import FETCH_MAX, Reading
from billsync_connectors.sandbox.records import echo, id_of, record_of, standing_of, told_of
from billsync_connectors.sandbox.session import Session, offline
from billsync_connectors.sandbox.setting_up import SettingUp
from billsync_connectors.sandbox.sheets import ATTACHES, DEALS, DOCUMENTS, OBJECTS, capabilities
from billsync_connectors.sandbox.writing import Writing


class Sandbox(Connector):
    """One sandbox.  What it offers is a setting, so that each instance states capabilities of its own."""

    capabilities: ClassVar = capabilities(SandboxSettings(url="http://127.0.0.1/"))
    config: ClassVar = SandboxSettings

    def __init__(self, context: Context, config: SandboxSettings) -> None:
        vars(self)["capabilities"] = capabilities(config)
        self._http = Client(
            config.url,
            system=context.name,
            secrets=[] if config.password is None else [config.password.get_secret_value()],
            timeout=config.timeout,
            reach=config.reach(context.root),
            calls=context.calls,
        )
        self._login = login_of(self._http, config, context.keep, context.name)
        self._session, self._settings = Session(self._http, config, self._login, context.name), config
        self._reading, self._writing = Reading(self._session, config), Writing(self._session, config)
        self._setting_up = SettingUp(self._session, config)

    def check(self) -> Health:
        """Reach it and say as whom.  Raises `TryLater` or `Refused`."""
        who = self._session.ask("GET", "v1/")
        kind = str(who.get("kind"))
        differs = f"it is of kind {kind}, the connection says {self._settings.kind}"
        remarks = () if kind == self._settings.kind else (differs,)
        identity = str(who.get("user") or "")
        return Health(system="Sandbox", version=str(who.get("version") or ""), identity=identity, remarks=remarks)

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record.  Raises `TryLater` or `Refused`."""
        self._known(object)
        answer = self._session.ask("GET", f"v1/{object}/fields")
        fields = tuple(_field(row) for row in answer.get("fields", []))
        return Schema(object=object, fields=fields, open=answer.get("open") is True)

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, deleted ones among them."""
        self._known(object)
        return self._reading.pages(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        self._known(object)
        system, echoes = self._session.system, self._settings.echoes
        return [record_of(system, object, row, echoes=echoes) for row in self._reading.rows(object, list(ids))]

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference, where the kind of target has a search."""
        if self._settings.kind == "D" or object not in self.capabilities.writes or object == "deals":
            return super().probe(object, keys)
        try:
            return [
                answer
                for start in range(0, len(keys), FETCH_MAX)
                for answer in self._found(object, keys[start : start + FETCH_MAX])
            ]
        except Fault as fault:
            return [Unsure(fault.reason, fault.message, offline=offline(fault)) for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every invoice, payment or refund that stands there, and what deals show of their invoices.

        One that changes meanwhile is shown once.
        """
        if object not in (*DOCUMENTS, DEALS):
            yield from super().standing(object)
        seen: set[str] = set()
        mark: dict[str, Any] = {}
        while True:
            answer = self._reading.raw(object, mark)
            rows = [row for row in answer["records"] if row.get("deleted") is not True and row.get("id") not in seen]
            seen.update(str(row.get("id")) for row in rows)
            if object == DEALS:
                yield [told for row in rows if (told := told_of(row)) is not None]
            else:
                yield [self._standing(object, row) for row in rows]
            if answer.get("more") is not True or not answer["records"]:
                return
            mark = {"updated": answer["records"][-1].get("updated"), "id": answer["records"][-1].get("id")}

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents."""
        if object not in self.capabilities.writes:
            return super().write(object, intents)
        return self._writing.write(object, intents)

    # ------------------------------------------------------------ setting up, files

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to a document, in the place of one of the same name."""
        if object not in ATTACHES:
            super().attach(object, remote_id, file)
        self._setting_up.attach(object, remote_id, file)

    def books(self) -> Books:
        """Accounts, taxes, terms, products and currencies."""
        return self._setting_up.books()

    def trial(self, object: str, intent: Intent) -> Trial:
        """An invoice as a draft, which is removed."""
        if object != "invoice":
            return super().trial(object, intent)
        return self._setting_up.trial(self._writing, intent)

    def consent(self, redirect: str, state: str) -> str:
        """Address at which a person agrees to the app that the settings name."""
        if not isinstance(self._login, App):
            return super().consent(redirect, state)
        return self._login.address(redirect, state)

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code that the browser brought back."""
        if not isinstance(self._login, App):
            super().consented(answer, redirect)
        else:
            self._login.agreed(answer, redirect)

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    # ------------------------------------------------------------ inside

    def _known(self, object: str) -> None:
        if object not in OBJECTS:
            raise Refused("not_supported", f"the sandbox has no {object}, only {', '.join(OBJECTS)}")

    def _found(self, object: str, keys: Sequence[str]) -> list[Probe]:
        answer = self._session.ask("POST", f"v1/{object}/search", {"references": list(keys)})
        by_key: dict[str, list[dict[str, Any]]] = {}
        for row in answer.get("records", []):
            by_key.setdefault(str(row.get("reference")), []).append(row)
        return [self._probed(by_key.get(key, [])) for key in keys]

    def _probed(self, rows: Sequence[dict[str, Any]]) -> Probe:
        try:
            rows = [row for row in rows if row.get("state") != "void"] or rows
            ids = tuple(id_of(row) for row in rows)
            if len(rows) != 1:
                return Found(ids) if rows else Absent()
            return Found(ids, complete=rows[0].get("state") != "draft", echo=echo(rows[0]))
        except ValueError as error:
            return Unsure("unreadable", f"{self._session.system}: the answer to a search cannot be used: {error}")

    def _standing(self, object: str, row: dict[str, Any]) -> Standing:
        try:
            return standing_of(object, row)
        except ValueError as error:
            what = f"{self._session.system}: {object} {row.get('id')} cannot be read: {error}"
            raise TryLater("unreadable", what) from None


def _field(row: dict[str, Any]) -> FieldInfo:
    return FieldInfo(
        name=str(row.get("name")),
        type=str(row.get("type", "text")),
        required=row.get("required") is True,
        writable=row.get("writable") is True,
        choices=tuple(str(choice) for choice in row.get("choices") or ()),
        max_length=row["max_length"] if isinstance(row.get("max_length"), int) else None,
    )
