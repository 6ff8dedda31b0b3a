"""Documents: inserted, saved, submitted, cancelled, amended, deleted, as Frappe does it.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.erpnext.server.clock import Clock
from billsync_connectors.erpnext.server.denied import Denied, invalid, missing
from billsync_connectors.erpnext.server.doctypes import COMMON, DOCTYPES, NUMBERS, DocType, Field
from billsync_connectors.erpnext.server.settings import Settings
from billsync_connectors.erpnext.server.values import Row, dumps, loads
from billsync_stand_in.shelf import Shelf

_SYSTEM: Final = (
    "name",
    "owner",
    "creation",
    "modified",
    "modified_by",
    "idx",
    "doctype",
    "parent",
    "parentfield",
    "parenttype",
)
_UPDATED: Final = "Not allowed to change <strong>{}</strong> after submission"
Hook = Callable[[Row], None]


class Documents:
    """All documents of one site; every method is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        user: who writes.
        validate, on_submit, on_cancel, on_trash: what a DocType does then; each may change the document it is given.
    """

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self.clock, self._settings = shelf, clock, settings
        self.user = "Administrator"
        self.validate: dict[str, Hook] = {}
        self.on_submit: dict[str, Hook] = {}
        self.on_cancel: dict[str, Hook] = {}
        self.before_cancel: dict[str, Hook] = {}

    # ------------------------------------------------------------ kinds

    def kind(self, doctype: str) -> DocType:
        """A DocType."""
        found = DOCTYPES.get(doctype)
        if found is None:
            raise Denied("DoesNotExistError", f"DocType {doctype} not found")
        return found

    def fields(self, doctype: str) -> dict[str, Field]:
        """Its fields, those of one's own too."""
        told = dict(self.kind(doctype).fields)
        for row in self._shelf.by("Custom Field", "dt", doctype) if doctype != "Custom Field" else []:
            told[row["fieldname"]] = Field(
                row["fieldtype"],
                row.get("options") or "",
                bool(row["reqd"]),
                bool(row["unique"]),
                bool(row["allow_on_submit"]),
            )
        return told

    # ------------------------------------------------------------ looking

    def all(self, doctype: str) -> Iterable[Row]:
        """Every document, cancelled ones too."""
        return self._shelf.all(doctype)

    def find(self, doctype: str, name: Any) -> Row | None:
        """One document, or None."""
        return self._shelf.get(doctype, str(name)) if name else None

    def get(self, doctype: str, name: str) -> Row:
        """One document."""
        self.kind(doctype)
        found = self._shelf.get(doctype, name)
        if found is None:
            raise missing(doctype, name)
        return found

    def by(self, doctype: str, field: str, value: str) -> list[Row]:
        """Documents whose field has this text."""
        return self._shelf.by(doctype, field, value)

    def shown(self, doctype: str, row: Row) -> Row:
        """A document as clients see it: every field, its rows below it."""
        told: Row = {name: row.get(name, each.empty()) for name, each in {**COMMON, **self.fields(doctype)}.items()}
        for name, each in self.fields(doctype).items():
            if each.type == "Table":
                told[name] = [self._child(each.options, line) for line in row.get(name, [])]
        return {**told, "doctype": doctype}

    def _child(self, doctype: str, line: Row) -> Row:
        own = {name: line.get(name, each.empty()) for name, each in self.fields(doctype).items()}
        return {
            **{name: line.get(name) for name in ("name", "idx", "parent", "parentfield", "parenttype")},
            **own,
            "doctype": doctype,
        }

    # ------------------------------------------------------------ writing

    def insert(self, doctype: str, given: Mapping[str, Any]) -> Row:
        """Make a document; with docstatus 1 it is submitted at once."""
        kind = self.kind(doctype)
        if kind.child:
            raise invalid(f"{doctype} is a child table")
        row: Row = {name: each.empty() for name, each in self.fields(doctype).items()}
        row |= self._read(doctype, given)
        row["name"] = self._name(doctype, kind, row, given)
        row |= {"owner": self.user, "creation": self.clock.stamp(), "docstatus": 0, "idx": 0}
        if self.find(doctype, row["name"]) is not None:
            raise Denied(
                "DuplicateEntryError", f"('{doctype}', '{row['name']}', IntegrityError(1062, \"Duplicate entry\"))"
            )
        made = self._store(doctype, row, validate=True)
        if given.get("docstatus") == 1:
            return self.submit(doctype, made["name"])
        return made

    def _name(self, doctype: str, kind: DocType, row: Row, given: Mapping[str, Any]) -> str:
        """By its rule; a name that was sent counts only where the rule is `prompt`."""
        amended = row.get("amended_from")
        if amended:
            return self._amended(doctype, str(amended))
        rule = self._settings().named().get(doctype, kind.naming)
        way, _, what = rule.partition(":")
        if way == "prompt":
            name = given.get("__newname") or given.get("name")
            if not name:
                raise invalid("Please set the document name")
            return str(name)
        if way == "field":
            if not row.get(what):
                raise invalid(f"{what} is required")
            return str(row[what]).strip()
        if way == "series":
            prefix = what.format(year=self.clock.today()[:4])
            return f"{prefix}{self._shelf.count(f'series {prefix}'):05}"
        if way == "custom":
            return f"{row['dt']}-{row['fieldname']}"
        if way == "customer":
            return self._free(doctype, str(row.get("customer_name") or ""))
        return hashlib.sha256(f"{doctype} {self._shelf.count(f'hash {doctype}')}".encode()).hexdigest()[:10]

    def _free(self, doctype: str, name: str) -> str:
        """A customer's name; where another has it, with a number: nobody is warned."""
        if self.find(doctype, name) is None:
            return name
        n = next(n for n in range(1, 100_000) if self.find(doctype, f"{name} - {n}") is None)
        return f"{name} - {n}"

    def _amended(self, doctype: str, name: str) -> str:
        if self.get(doctype, name)["docstatus"] != 2:
            raise invalid(f"{doctype} {name} must be cancelled before it can be amended")
        base, _, number = name.rpartition("-")
        again = self.get(doctype, name).get("amended_from") is not None
        return f"{base}-{int(number) + 1}" if again else f"{name}-1"

    def update(self, doctype: str, name: str, given: Mapping[str, Any]) -> Row:
        """Change a document; a new docstatus submits or cancels it."""
        row, told = self.get(doctype, name), self._read(doctype, given)
        self._latest(row, given)
        wanted = int(given.get("docstatus", row["docstatus"]))
        moves = {(0, 0), (0, 1), (1, 1), (1, 2)}
        if (row["docstatus"], wanted) not in moves or (wanted != row["docstatus"] and not self.kind(doctype).submits):
            states = ("Draft", "Submitted", "Cancelled")
            kind = "DocstatusTransitionError" if row["docstatus"] < 2 else "ValidationError"
            raise Denied(
                kind, f"Cannot change docstatus from {row['docstatus']} ({states[row['docstatus']]}) to {wanted}"
            )
        if wanted == 2:
            return self.cancel(doctype, name)
        if row["docstatus"] == 1:
            self._after_submit(doctype, row, told)
            return self._store(doctype, {**row, **told}, validate=False)
        self._store(doctype, {**row, **told}, validate=True)
        return self.submit(doctype, name) if wanted == 1 else self.get(doctype, name)

    def _latest(self, row: Row, given: Mapping[str, Any]) -> None:
        seen = given.get("modified")
        if seen and str(seen) != row["modified"]:
            stamps = f"({row['modified']}, {seen})"
            told = f"Document has been modified after you have opened it {stamps}. Please refresh to get the latest."
            raise Denied("TimestampMismatchError", told)

    def _after_submit(self, doctype: str, row: Row, told: Row) -> None:
        fields = self.fields(doctype)
        for name, value in told.items():
            if not fields[name].after_submit and fields[name].type != "Table" and value != row.get(name):
                raise Denied("UpdateAfterSubmitError", _UPDATED.format(name))
            if fields[name].type == "Table" and len(value) != len(row.get(name, [])):
                raise Denied("UpdateAfterSubmitError", _UPDATED.format(name))

    def submit(self, doctype: str, name: str) -> Row:
        """Submit a draft."""
        row = self.get(doctype, name)
        if not self.kind(doctype).submits or row["docstatus"] != 0:
            raise Denied("DocstatusTransitionError", f"Cannot submit {doctype} {name}")
        self._store(doctype, {**row, "docstatus": 1}, validate=True)
        self._run(self.on_submit, doctype, name)
        return self.get(doctype, name)

    def cancel(self, doctype: str, name: str) -> Row:
        """Cancel what was submitted."""
        row = self.get(doctype, name)
        if not self.kind(doctype).submits or row["docstatus"] != 1:
            raise Denied("DocstatusTransitionError", f"Cannot cancel {doctype} {name}")
        self._run(self.before_cancel, doctype, name)
        self._store(doctype, {**self.get(doctype, name), "docstatus": 2}, validate=False)
        self._run(self.on_cancel, doctype, name)
        return self.get(doctype, name)

    def _run(self, hooks: Mapping[str, Hook], doctype: str, name: str) -> None:
        if doctype in hooks:
            hooks[doctype](self.get(doctype, name))

    def delete(self, doctype: str, name: str) -> None:
        """Take a document away; what it was stays in Deleted Document."""
        row = self.get(doctype, name)
        if row["docstatus"] == 1:
            raise invalid(f"{doctype} {name}: Submitted Record cannot be deleted. You must Cancel it first.")
        for other, field, who in self._links(doctype, name):
            told = f"Cannot delete or cancel because {doctype} {name} is linked with {other} {who} at {field}"
            raise Denied("LinkExistsError", told)
        gone = {"deleted_doctype": doctype, "deleted_name": name, "data": dumps(self.shown(doctype, row))}
        self.insert("Deleted Document", gone)
        self._shelf.purge(doctype, name)

    def _links(self, doctype: str, name: str) -> Iterable[tuple[str, str, str]]:
        """Who leads here: DocType, field, name."""
        for other, kind in DOCTYPES.items():
            for field, each in kind.fields.items():
                if each.options == doctype and each.type == "Link" and not kind.child and other != "GL Entry":
                    yield from (
                        (other, field, row["name"]) for row in self.by(other, field, name) if row["docstatus"] < 2
                    )

    def rename(self, doctype: str, old: str, new: str, *, merge: bool) -> str:
        """Another name, with all links; a merge leaves the document of the new name."""
        row, there = self.get(doctype, old), self.find(doctype, new)
        if (there is not None) != merge:
            raise invalid(f"{doctype} {new} {'already exists' if there else 'does not exist'}")
        self._shelf.purge(doctype, old)
        if there is None:
            self._shelf.put(doctype, new, {**row, "name": new, "modified": self.clock.stamp()})
        for other, kind in DOCTYPES.items():
            for field, each in kind.fields.items():
                party = doctype == "Customer" and field == "party"
                if (each.type == "Link" and each.options == doctype) or party:
                    for linked in [found for found in self.by(other, field, old) if not kind.child]:
                        self._shelf.put(other, linked["name"], {**linked, field: new})
        return new

    def db_set(self, doctype: str, name: str, values: Mapping[str, Any]) -> Row:
        """Change fields past everything: nobody sees by `modified` that it happened."""
        row = {**self.get(doctype, name), **values}
        self._shelf.put(doctype, name, row)
        return row

    # ------------------------------------------------------------ what is kept

    def _store(self, doctype: str, row: Row, *, validate: bool) -> Row:
        fields = self.fields(doctype)
        row = {
            name: [dict(line) for line in value] if isinstance(value, list) else value for name, value in row.items()
        }
        if validate and doctype in self.validate:
            self.validate[doctype](row)
        for name, each in fields.items():
            self._check(doctype, name, each, row)
            if each.type == "Table":
                row[name] = self._numbered(doctype, name, each, row)
        row |= {"modified": self.clock.stamp(), "modified_by": self.user}
        self._shelf.put(doctype, row["name"], row)
        return row

    def _check(self, doctype: str, name: str, each: Field, row: Row) -> None:
        value, label = row.get(name), name.replace("_", " ").title()
        if each.required and value in (None, "", []):
            raise Denied("MandatoryError", f"[{doctype}, {row['name']}]: {name}")
        if each.type == "Link" and value and self.find(each.options, value) is None:
            raise Denied("LinkValidationError", f"Could not find {label}: {value}")
        if each.unique and value and any(other["name"] != row["name"] for other in self.by(doctype, name, str(value))):
            raise Denied("UniqueValidationError", f"{label} must be unique")

    def _numbered(self, doctype: str, name: str, each: Field, row: Row) -> list[Row]:
        """The rows of a table, with their own names and numbers; each is checked like a document."""
        found = []
        for n, line in enumerate(row.get(name) or [], 1):
            place = {"idx": n, "parent": row["name"], "parentfield": name, "parenttype": doctype}
            own = (
                line.get("name")
                or hashlib.sha256(f"{row['name']} {name} {self._shelf.count('row')}".encode()).hexdigest()[:10]
            )
            whole = {**line, **place, "name": own}
            for field, inside in self.fields(each.options).items():
                self._check(each.options, field, inside, whole)
            found.append(whole)
        return found

    def _read(self, doctype: str, given: Mapping[str, Any]) -> Row:
        """What was sent, as documents keep it; fields that are not there are passed over in silence."""
        fields, told = self.fields(doctype), Row()
        for name, value in given.items():
            if name in fields:
                told[name] = self._taken(name, fields[name], value)
        return told

    def _taken(self, name: str, each: Field, value: Any) -> Any:
        if each.type == "Table":
            lines = value if isinstance(value, list) else loads(value or "[]")
            return [{**_kept(line), **self._defaults(each.options), **self._read(each.options, line)} for line in lines]
        if value is None or value == "":
            return each.empty()
        if each.type in NUMBERS:
            return _number(name, value)
        if each.type in ("Int", "Check"):
            return int(_number(name, value))
        if each.type == "Date":
            try:
                return date.fromisoformat(str(value)[:10]).isoformat()
            except ValueError:
                raise invalid(f"{value} is not a valid date string.") from None
        return value if isinstance(value, str) else dumps(value) if isinstance(value, list | dict) else str(value)

    def _defaults(self, doctype: str) -> Row:
        return {name: each.empty() for name, each in self.fields(doctype).items()}


def _kept(line: Any) -> Row:
    """What a row of a table that was there before keeps: its name."""
    if not isinstance(line, Mapping):
        raise invalid("Rows of a table must be objects")
    return {"name": line["name"]} if line.get("name") else {}


def _number(name: str, value: Any) -> Decimal:
    """Frappe takes what is no number for 0, in silence."""
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else Decimal(int(value))
    except InvalidOperation:
        return Decimal(0)
    if not found.is_finite():
        raise invalid(f"{name}: {value} is not a number")
    return found
