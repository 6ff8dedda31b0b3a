"""External ids, and `load`: rows that make records or change those of their external id.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billsync_connectors.odoo.server.denied import Denied, UserError, ValidationError
from billsync_connectors.odoo.server.orm import Orm
from billsync_connectors.odoo.server.values import Row

_EMPTY = ("", None, False)


class External:
    """Names that other systems give to records: `module.name`."""

    def __init__(self, orm: Orm) -> None:
        self._orm = orm

    def check(self, values: Mapping[str, Any], id: int | None) -> None:
        """Module and name are unique together.  Raises `ValidationError`."""
        row = self._orm.row("ir.model.data", id) if id else {}
        module, name = (values.get(each, row.get(each)) for each in ("module", "name"))
        if any(other["id"] != id for other in self._named(str(module), str(name))):
            told = 'duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"'
            raise ValidationError(f"The operation cannot be completed: {told}")

    def _named(self, module: str, name: str) -> list[Row]:
        return [
            row for row in self._orm.by("ir.model.data", "name", name) if (row["module"], row["name"]) == (module, name)
        ]

    def find(self, xmlid: str) -> Row | None:
        """What an external id stands for; None where it, or its record, is gone."""
        module, _, name = xmlid.rpartition(".")
        found = next(iter(self._named(module or "__import__", name)), None)
        return found if found is not None and self._orm.get(found["model"], found["res_id"]) is not None else None

    def of(self, model: str, ids: Sequence[int]) -> dict[str, str]:
        """The external id of each record, or ""."""
        told = {}
        for id in ids:
            rows = [row for row in self._orm.by("ir.model.data", "res_id", id) if row["model"] == model]
            told[str(id)] = f"{rows[0]['module']}.{rows[0]['name']}" if rows else ""
        return told

    def reference(self, module: str, name: str) -> list[Any]:
        """Model and id.  Raises `UserError`."""
        found = self.find(f"{module}.{name}")
        if found is None:
            raise UserError(
                f"External ID not found in the system: {module}.{name}", name="builtins.ValueError", status=500
            )
        return [found["model"], found["res_id"]]

    # ------------------------------------------------------------ load

    def load(
        self,
        model: str,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        save: Callable[[str, int | None, Mapping[str, Any]], int],
    ) -> Row:
        """Records made or changed: all of them, or none and why; `save` makes or writes one.  Raises `Denied`."""
        found = _records(names, rows)
        ids: list[int] = []
        for first, own in found:
            try:
                ids.append(self._loaded(model, own, save))
            except Denied as denied:
                message = {
                    "type": "error",
                    "record": first,
                    "rows": {"from": first, "to": first},
                    "message": denied.message,
                }
                raise Rejected([message]) from None
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _loaded(
        self, model: str, own: Sequence[Mapping[str, Any]], save: Callable[[str, int | None, Mapping[str, Any]], int]
    ) -> int:
        values = self._values(model, own)
        xmlid, direct = str(own[0].get("id") or ""), own[0].get(".id")
        known = self.find(xmlid) if xmlid else None
        if known is not None and known["model"] != model:
            raise ValidationError(f"The external id {xmlid} is of another model, {known['model']}")
        old = known["res_id"] if known else int(direct) if direct not in _EMPTY and not xmlid else None
        before = self._lines(model, old)
        id = save(model, old, values)
        if xmlid and known is None:
            self._give(xmlid, model, id)
        for name, made in self._lines(model, id).items():
            fresh = iter(sorted(made - before.get(name, set())))
            for part in _parts(own, f"{name}/"):
                line = str(part.get("id") or "")
                if self.find(line) is None and (new := next(fresh, None)) is not None and line:
                    self._give(line, self._orm.fields(model)[name].relation, new)
        return id

    def _lines(self, model: str, id: int | None) -> dict[str, set[int]]:
        """The ids of a record's lines that can be loaded, by field."""
        fields = self._orm.fields(model)
        names = [name for name, each in fields.items() if each.type == "one2many" and name != "line_ids"]
        return {name: set(self._orm.read(model, [id], [name])[0][name]) if id else set() for name in names}

    def _give(self, xmlid: str, model: str, id: int) -> None:
        """Name a record; what had the name before, and is gone, loses it."""
        module, _, name = xmlid.rpartition(".")
        for stale in self._named(module or "__import__", name):
            self._orm.unlink("ir.model.data", [stale["id"]])
        told = {"module": module or "__import__", "name": name, "model": model, "res_id": id}
        self._orm.create("ir.model.data", told)

    def _values(self, model: str, own: Sequence[Mapping[str, Any]]) -> Row:
        fields = self._orm.fields(model)
        told: Row = {}
        lines: set[str] = set()
        for path, value in own[0].items():
            name, _, rest = path.partition("/")
            if path in ("id", ".id"):
                continue
            if name not in fields:
                raise UserError(f"No matching field found for {name!r}")
            if fields[name].type == "one2many":
                lines.add(name)
            elif value not in _EMPTY:
                told[name] = self._taken(model, name, rest, value)
            else:  # an empty cell says "nothing", which is more than a column that is missing
                told[name] = [[6, 0, []]] if fields[name].type == "many2many" else False
        for name in sorted(lines):
            told[name] = [self._command(fields[name].relation, part) for part in _parts(own, f"{name}/")]
        return told

    def _command(self, relation: str, part: Mapping[str, Any]) -> list[Any]:
        """A line that is known by its external id is changed, any other is made."""
        known, values = self.find(str(part.get("id") or "")), self._values(relation, [part])
        return [1, known["res_id"], values] if known is not None else [0, 0, values]

    def _taken(self, model: str, name: str, rest: str, value: Any) -> Any:
        each = self._orm.fields(model)[name]
        if each.type == "many2one":
            return self._linked(each.relation, name, rest, str(value))
        if each.type == "many2many":
            return [[6, 0, [self._linked(each.relation, name, rest, part.strip()) for part in str(value).split(",")]]]
        if each.type == "boolean":
            return str(value).lower() in ("1", "true", "yes")
        if each.type in ("float", "monetary", "integer"):
            try:
                return Decimal(str(value))
            except InvalidOperation:
                raise UserError(f"'{value}' does not seem to be a number for field '{name}'") from None
        return value

    def _linked(self, relation: str, name: str, rest: str, text: str) -> int:
        """A link by external id (`/id`), by database id (`/.id`), or by name."""
        if rest == ".id":
            return int(self._orm.row(relation, int(text))["id"])
        if rest == "id":
            found = self.find(text)
            if found is None:
                raise UserError(f"No matching record found for external id '{text}' in field '{name}'")
            return int(found["res_id"])
        rows = self._orm.by(relation, "name", text)
        if len(rows) != 1:
            raise UserError(f"{'Several' if rows else 'No'} matching record found for name '{text}' in field '{name}'")
        return int(rows[0]["id"])


class Rejected(Exception):
    """A load of which nothing is kept.

    Attributes:
        messages: why.
    """

    def __init__(self, messages: list[Row]) -> None:
        super().__init__("rejected")
        self.messages = messages


def _records(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[tuple[int, list[dict[str, Any]]]]:
    """Rows by record: those that say something only below lines belong to the record before them."""
    found: list[tuple[int, list[dict[str, Any]]]] = []
    for n, row in enumerate(rows):
        told = dict(zip(names, row, strict=False))
        heads = [value for path, value in told.items() if _of_head(path)]
        if found and all(value in _EMPTY for value in heads):
            found[-1][1].append(told)
        else:
            found.append((n, [told]))
    return found


def _parts(own: Sequence[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """What a record's rows say of its lines; rows without a word of them are none."""
    found = [{path[len(prefix) :]: value for path, value in row.items() if path.startswith(prefix)} for row in own]
    return [part for part in found if any(value not in _EMPTY for value in part.values())]


def _of_head(path: str) -> bool:
    """Whether a column is of the record itself: `partner_id/id` is, `invoice_line_ids/quantity` is not."""
    name, _, rest = path.partition("/")
    return not rest or (rest in ("id", ".id") and not name.endswith("line_ids"))
