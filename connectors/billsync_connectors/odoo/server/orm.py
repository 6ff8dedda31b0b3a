"""Records: made, written, read, searched, as Odoo's ORM does it for calls from outside.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.odoo.server.clock import Clock
from billsync_connectors.odoo.server.denied import Broken, MissingError, UserError, ValidationError, no_such_model
from billsync_connectors.odoo.server.domain import compiled
from billsync_connectors.odoo.server.fields import Field, field, models
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.values import Row, rounded, seconds
from billsync_stand_in.shelf import Shelf

_NUMBERS: Final = ("float", "monetary")
_TEXTS: Final = ("char", "text", "selection", "binary")
_PRICES: Final = {("account.move.line", "price_unit"), ("product.product", "list_price")}


class Orm:
    """All records of one database; every method is called inside of a turn of the shelf, and raises `Denied`.

    Attributes:
        context: of the call; uid: who calls; at: when its transaction began, the stamp of all that it writes.
        fill: what a model adds to the values of a new record; before, gone: its rules for changes and deletions.
    """

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings
        self.context: Mapping[str, Any] = {}
        self.uid, self.at = 2, clock.stamp()
        self.fill: dict[str, Callable[[Mapping[str, Any]], Row]] = {}
        self.before: dict[str, Callable[[Row, Mapping[str, Any]], None]] = {}
        self.gone: dict[str, Callable[[Row], None]] = {}

    # ------------------------------------------------------------ models and rows

    def fields(self, model: str) -> Mapping[str, Field]:
        """The fields of a model."""
        settings = self._settings()
        found = models(settings.fields, settings.version).get(model)
        if found is None:
            raise no_such_model(model)
        return found

    def today(self) -> str:
        """The day now."""
        return self._clock.today()

    def all(self, model: str) -> Iterable[Row]:
        """Every record, archived ones too."""
        return self._shelf.all(model)

    def row(self, model: str, id: Any) -> Row:
        """One record."""
        found = self._shelf.get(model, str(id))
        if found is None:
            raise MissingError(model, id)
        return found

    def get(self, model: str, id: Any) -> Row | None:
        """One record, or None."""
        return self._shelf.get(model, str(id)) if id else None

    def by(self, model: str, name: str, value: Any) -> list[Row]:
        """Records whose field has this value."""
        return self._shelf.by(model, name, str(value))

    def put(self, model: str, id: int, values: Mapping[str, Any], *, stamped: bool = True) -> Row:
        """Change a record past all rules."""
        row = {**self.row(model, id), **values}
        row |= {"write_date": self.at, "write_uid": self.uid} if stamped else {}
        self._shelf.put(model, str(id), row)
        return row

    # ------------------------------------------------------------ making and changing

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """Make a record, with those of its lines."""
        fields = self.fields(model)
        row = {name: _empty(each) for name, each in fields.items() if each.type != "one2many"}
        row |= {name: value for name, value in self._defaults(model).items() if name in row}
        if model in self.fill:
            values = {**self.fill[model](values), **values}
        plain, links = self._split(model, fields, values, None)
        row |= plain
        for name, each in fields.items():
            if each.required and row.get(name) in (False, "", None):
                raise ValidationError(
                    f"Missing required value for the field '{each.described(name)['string']}' ({name})"
                )
        id = self._shelf.count(f"id {model}")
        own = {"id": id, "create_date": self.at, "create_uid": self.uid, "write_date": self.at, "write_uid": self.uid}
        self._unique(model, fields, row, id)
        self._shelf.put(model, str(id), {**row, **own})
        self._link(id, fields, links)
        return id

    def _defaults(self, model: str) -> Row:
        given = {name[8:]: value for name, value in self.context.items() if name.startswith("default_")}
        plain, _links = self._split(
            model, self.fields(model), {k: v for k, v in given.items() if k in self.fields(model)}, None
        )
        return plain

    def write(self, model: str, ids: Sequence[int], values: Mapping[str, Any]) -> None:
        """Change records."""
        fields = self.fields(model)
        for id in ids:
            row = self.row(model, id)
            if model in self.before:
                self.before[model](row, values)
            plain, links = self._split(model, fields, values, row)
            self._unique(model, fields, {**row, **plain}, id)
            self.put(model, id, plain)
            self._link(id, fields, links)

    def unlink(self, model: str, ids: Sequence[int]) -> None:
        """Take records away; nothing is left of them but ids that are missing."""
        for id in ids:
            row = self.row(model, id)
            if model in self.gone:
                self.gone[model](row)
            for name, each in self.fields(model).items():
                if each.type == "one2many" and name != "invoice_line_ids":
                    self.unlink(each.relation, [line["id"] for line in self.by(each.relation, each.inverse, id)])
            for data in self.by("ir.model.data", "res_id", id):
                if data["model"] == model:
                    self._shelf.purge("ir.model.data", str(data["id"]))
            self._shelf.purge(model, str(id))

    def _unique(self, model: str, fields: Mapping[str, Field], row: Row, id: int) -> None:
        for name, each in fields.items():
            if each.unique and row.get(name) and any(other["id"] != id for other in self.by(model, name, row[name])):
                told = f'duplicate key value violates unique constraint "{model.replace(".", "_")}_{name}_uniq"'
                raise ValidationError(f"The operation cannot be completed: {told}")

    def _split(
        self, model: str, fields: Mapping[str, Field], values: Mapping[str, Any], row: Row | None
    ) -> tuple[Row, list[tuple[str, Any]]]:
        """What stands in the record itself, and commands for its lines."""
        plain: Row = {}
        links: list[tuple[str, Any]] = []
        for name, value in values.items():
            each = field(fields, model, name)
            if each.type == "one2many":
                links.append((name, value))
            elif name not in ("id", "display_name", "create_date", "write_date"):
                old = (row or {}).get(name)
                plain[name] = self._taken(model, name, each, value, old if isinstance(old, list) else [])
        return plain, links

    def _taken(self, model: str, name: str, each: Field, value: Any, old: list[int]) -> Any:
        """A value as records keep it."""
        if each.type == "many2many":
            return self._set(each.relation, old, value)
        if value is None or value is False or (value == "" and each.type not in _TEXTS):
            return Decimal(0) if each.type in _NUMBERS else 0 if each.type == "integer" else False
        if each.type in _NUMBERS:
            number = _number(name, value)
            return rounded(number, self._settings().price_digits) if (model, name) in _PRICES else number
        if each.type == "selection" and value not in each.selection:
            raise Broken(f"Wrong value for {model}.{name}: {value!r}")
        if each.type == "many2one":
            return int(self.row(each.relation, value[0] if isinstance(value, list) else value)["id"])
        return _plain(name, each.type, value)

    def _set(self, relation: str, old: list[int], commands: Any) -> list[int]:
        """The links of a many2many after commands."""
        found = list(old)
        for command in commands if isinstance(commands, list) else []:
            parts: list[Any] = list(command) if isinstance(command, list | tuple) else [4, command]
            match parts:
                case [0, _, values]:
                    found.append(self.create(relation, values))
                case [3, id, *_] | [2, id, *_]:
                    found = [each for each in found if each != id]
                case [4, id, *_]:
                    found.append(int(self.row(relation, id)["id"]))
                case [5, *_]:
                    found = []
                case [6, _, ids]:
                    found = [int(self.row(relation, id)["id"]) for id in ids]
                case other:
                    raise Broken(f"Wrong command {other!r}")
        return list(dict.fromkeys(found))

    def _link(self, id: int, fields: Mapping[str, Field], links: Sequence[tuple[str, Any]]) -> None:
        """Commands for lines of a one2many."""
        for name, commands in links:
            each = fields[name]
            for command in commands or []:
                match list(command):
                    case [0, _, values]:
                        self.create(each.relation, {**values, each.inverse: id})
                    case [1, line, values]:
                        self.write(each.relation, [line], values)
                    case [2, line, *_]:
                        self.unlink(each.relation, [line])
                    case [4, line, *_]:
                        self.write(each.relation, [line], {each.inverse: id})
                    case [5, *_]:
                        self.unlink(each.relation, self._lines(name, each, id))
                    case other:
                        raise Broken(f"Wrong command {other!r}")

    # ------------------------------------------------------------ reading

    def _lines(self, name: str, each: Field, id: int) -> list[int]:
        """The ids of a one2many; of an invoice only what people have written."""
        rows = self.by(each.relation, each.inverse, id)
        if name == "invoice_line_ids":
            rows = [row for row in rows if row["display_type"] not in ("tax", "payment_term")]
        return [row["id"] for row in sorted(rows, key=lambda row: (row.get("sequence", 0), row["id"]))]

    def name(self, model: str, id: Any) -> str:
        """What a record is called in links."""
        row = self.row(model, id)
        if model == "account.move" and not row["name"]:
            return f"Draft {'Invoice' if row['move_type'] == 'out_invoice' else 'Entry'} (* {id})"
        code = row.get("default_code") or ""
        return f"[{code}] {row['name']}" if code else str(row.get("name") or f"{model},{id}")

    def read(self, model: str, ids: Sequence[int], names: Sequence[str] | None, *, named: bool = True) -> list[Row]:
        """Records as clients see them; the id always; links with their name, or without."""
        fields = self.fields(model)
        asked = [name for name in (names or fields) if name != "id"]
        for name in asked:
            field(fields, model, name)
        return [
            {"id": int(id), **{name: self._shown(model, id, name, named) for name in asked}}
            for id in ids
            if self.row(model, id)
        ]

    def _shown(self, model: str, id: int, name: str, named: bool) -> Any:  # noqa: FBT001  its own
        each, row = self.fields(model)[name], self.row(model, id)
        if name == "display_name":
            return self.name(model, id)
        if each.type == "one2many":
            return self._lines(name, each, id)
        value = row.get(name, _empty(each))
        if each.type == "many2one":
            return ([value, self.name(each.relation, value)] if named else value) if value else False
        if each.type == "datetime" and value:
            return seconds(value)
        return value

    def value(self, model: str, row: Row, path: str) -> Any:
        """A field's value as domains compare it; a path leads through links."""
        name, _, rest = path.partition(".")
        each = field(self.fields(model), model, name)
        value = self._lines(name, each, row["id"]) if each.type == "one2many" else row.get(name, _empty(each))
        if name == "display_name":
            return self.name(model, row["id"])
        if not rest:
            return value
        others = value if isinstance(value, list) else [value] if value else []
        found = [self.value(each.relation, self.row(each.relation, other), rest) for other in others]
        return found if isinstance(value, list) else (found[0] if found else False)

    def search(self, model: str, domain: Any, order: str = "", limit: Any = None, offset: Any = 0) -> list[int]:
        """The ids of records; archived ones only where the context or the domain asks for them."""
        fields = self.fields(model)
        named = any(isinstance(item, list | tuple) and item and item[0] == "active" for item in domain or [])
        test = compiled(domain or [], lambda row, path: self.value(model, row, path))
        rows = list(self.all(model))
        if "active" in fields and not named and self.context.get("active_test", True):
            rows = [row for row in rows if row["active"]]
        rows = self._ordered(model, fields, [row for row in rows if test(row)], order or _ORDERS.get(model, "id"))
        first = int(offset or 0)
        return [row["id"] for row in rows[first : first + int(limit) if limit else None]]

    def _ordered(self, model: str, fields: Mapping[str, Field], rows: list[Row], order: str) -> list[Row]:
        for term in reversed([each.split() for each in order.split(",")]):
            if not term or (len(term) > 1 and term[1].lower() not in ("asc", "desc")):
                raise UserError(f'Invalid "order" specified ({order})')
            name = term[0]
            field(fields, model, name)
            rows = sorted(rows, key=lambda row, name=name: _key(row.get(name)), reverse=term[-1].lower() == "desc")  # type: ignore[misc]
        return rows


_ORDERS: Final = {
    "account.move": "date desc, name desc, invoice_date desc, id desc",
    "account.payment": "date desc, name desc",
}
"""In which order records come that nobody asked an order for; all others by id."""


def _key(value: Any) -> tuple[bool, Decimal, str]:
    """Empty ones come first."""
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)
    return (value not in (False, None), number, value.casefold() if isinstance(value, str) else "")


def _empty(each: Field) -> Any:
    if each.type in ("many2many", "one2many"):
        return []
    if each.type in _NUMBERS:
        return Decimal(each.default)
    return each.default


def _number(name: str, value: Any) -> Decimal:
    try:
        found = Decimal(str(value)) if not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise Broken(f"could not convert string to float: {value!r} ({name})")
    return found


def _plain(name: str, type: str, value: Any) -> Any:
    try:
        if type == "date":
            return date.fromisoformat(str(value)[:10]).isoformat()
        if type == "datetime":
            return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M:%S}"
        if type == "integer":
            return int(value)
    except ValueError:
        raise Broken(f"time data {value!r} does not match format ({name})") from None
    if type == "boolean":
        return bool(value)
    return value if isinstance(value, str) else str(value)
