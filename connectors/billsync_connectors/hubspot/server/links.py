"""Associations: made, replaced and taken away both ways at once, without a word in the records themselves.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from billsync_connectors.hubspot.server.kinds import KINDS, Kind
from billsync_connectors.hubspot.server.kinship import CATEGORIES, HUBSPOT, ONE_PARENT, USER, Tie, between, named
from billsync_connectors.hubspot.server.refused import Refused, bad_input, wrong
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Place, Shelf

Value = dict[str, Any]
Told = Callable[[Place, Place, Tie, str], None]
"""Hears of each association that is `tied` or `untied`."""


class Links:
    """The associations; all raise `Refused`."""

    def __init__(self, shelf: Shelf, settings: Callable[[], Settings], told: Told) -> None:
        self._shelf, self._settings, self._told = shelf, settings, told
        self.reload()

    # ------------------------------------------------------------ kinds of association

    def ties(self, start: str, end: str) -> list[Tie]:
        """All kinds from one object to another, the account's own too."""
        return [*between(start, end), *(tie for tie in self._own if (tie.start, tie.end) == (start, end))]

    def reload(self) -> None:
        """Take the account's own labels from the shelf."""
        self._own = [Tie(**row) for row in self._shelf.recall("labels", [])]

    def usual(self, start: str, end: str) -> Tie:
        """The unlabelled kind."""
        found = next((tie for tie in self.ties(start, end) if tie.label is None), None)
        if found is None:
            raise wrong(f"No association types are defined from {start} to {end}")
        return found

    def tie(self, start: str, end: str, spec: Any) -> Tie:
        """The kind that a request names by category and type id."""
        if not isinstance(spec, dict) or "associationTypeId" not in spec:
            raise bad_input("an association type needs associationCategory and associationTypeId")
        category, type = spec.get("associationCategory"), spec["associationTypeId"]
        if category not in CATEGORIES:
            raise bad_input(f"associationCategory: {category} is not one of {', '.join(CATEGORIES)}")
        for tie in self.ties(start, end):
            if str(tie.type) == str(type) and tie.category == category:
                return tie
        message = f"invalid association type {type} from object type {KINDS[start].id} to {KINDS[end].id}"
        raise wrong(message, context={"type": [str(type)]})

    def define(self, start: str, end: str, given: Mapping[str, Any]) -> list[Tie]:
        """Make a label, with its way back."""
        if not given.get("label") or not given.get("name"):
            raise bad_input("a label needs label and name")
        rows = self._shelf.recall("labels", [])
        first = 1 + len(rows)
        back = first if start == end and not given.get("inverseLabel") else first + 1
        made = [Tie(start, end, first, back, str(given["label"]), USER)]
        if back != first:
            made.append(Tie(end, start, back, first, str(given.get("inverseLabel") or given["label"]), USER))
        fields = ("start", "end", "type", "inverse", "label", "category", "single")
        rows += [{name: getattr(tie, name) for name in fields} for tie in made]
        self._shelf.remember("labels", rows)
        self.reload()
        return made

    # ------------------------------------------------------------ records

    def check(self, start: Place, end: Place) -> None:
        """Both are there, and a line item has no other parent."""
        for kind, id in (start, end):
            record = self._shelf.get(kind, id)
            if record is None or not record.live:
                context = {"INVALID_OBJECT_IDS": [id], "objectType": [KINDS[kind].one.upper()]}
                raise wrong("One or more associations are invalid", context=context)
        for line, parent in ((start, end), (end, start)):
            if line[0] == "line_items" and parent[0] in ONE_PARENT:
                self._only(line, parent)

    def _only(self, line: Place, parent: Place) -> None:
        others = [(kind, id) for kind in ONE_PARENT for id in self._shelf.linked(line, kind)]
        if any(other != parent for other in others):
            kind, id = next(other for other in others if other != parent)
            raise wrong(f"Line item {line[1]} is already associated with {KINDS[kind].one} {id}")

    def add(self, start: Place, end: Place, ties: Iterable[Tie]) -> None:
        """Associate both ways; the unlabelled kind comes with any other, and the first company is the primary one."""
        usual = self.usual(start[0], end[0])
        wanted = {tie.type: tie for tie in (usual, *ties)}
        if self._settings().first_is_primary:
            wanted.update({tie.type: tie for tie in self._first(start, end)})
        for tie in wanted.values():
            if (tie.category, tie.type) in self._shelf.linked(start, end[0]).get(end[1], set()):
                continue
            self._alone(start, end, tie)
            self._shelf.link([(start, end, tie.category, tie.type), (end, start, tie.category, tie.inverse)])
            self._told(start, end, tie, "tied")

    def _first(self, start: Place, end: Place) -> Iterable[Tie]:
        """The primary kind, seen from this end, where the other has none yet."""
        for tie in between(start[0], end[0]):
            if tie.label != "Primary":
                continue
            owner, other, type = (start, end[0], tie.type) if tie.single else (end, start[0], tie.inverse)
            if not any((HUBSPOT, type) in types for types in self._shelf.linked(owner, other).values()):
                yield tie

    def _alone(self, start: Place, end: Place, tie: Tie) -> None:
        """Where there may be one only, the one before goes."""
        back = next((row for row in self.ties(end[0], start[0]) if row.type == tie.inverse), tie)
        for owner, other, kind in ((start, end, tie), (end, start, back)):
            if kind.single:
                for id, types in list(self._shelf.linked(owner, other[0]).items()):
                    if id != other[1] and (kind.category, kind.type) in types:
                        self._cut(owner, (other[0], id), kind)

    def _cut(self, start: Place, end: Place, tie: Tie) -> None:
        self._shelf.unlink(start, end, {(tie.category, tie.type)})
        self._shelf.unlink(end, start, {(tie.category, tie.inverse)})
        self._told(start, end, tie, "untied")

    def remove(self, start: Place, end: Place, ties: Iterable[Tie] | None = None) -> None:
        """Take kinds of association away, all without `ties`; none of it where there is none."""
        types = self._shelf.linked(start, end[0]).get(end[1], set())
        known = [tie for tie in self.ties(start[0], end[0]) if (tie.category, tie.type) in types]
        chosen = known if ties is None else [tie for tie in ties if tie in known]
        if any(tie.label is None for tie in chosen):
            chosen = known  # without the unlabelled kind there is no association at all
        for tie in chosen:
            self._cut(start, end, tie)

    def ends(self, start: Place, end: str) -> dict[str, list[Tie]]:
        """What a record is associated with: id -> kinds, live records only, by id."""
        ties = {(tie.category, tie.type): tie for tie in self.ties(start[0], end)}
        found = self._shelf.linked(start, end)
        live = sorted((id for id in found if (row := self._shelf.get(end, id)) and row.live), key=int)
        return {id: [ties[type] for type in sorted(found[id]) if type in ties] for id in live}

    def move(self, kind: str, loser: str, winner: str) -> None:
        """All that a merged record had is the winner's."""
        for end in list(self._shelf.links.get((kind, loser), {})):
            for id, ties in self.ends((kind, loser), end).items():
                self.remove((kind, loser), (end, id))
                if (end, id) != (kind, winner):
                    self.add((kind, winner), (end, id), [tie for tie in ties if not tie.single])


def shown(start: Kind, end: Kind, found: Mapping[str, list[Tie]], page: int) -> Value:
    """As `associations` of a record: one row for each kind, so that an id may stand there twice."""
    rows = [{"id": id, "type": named(tie)} for id, ties in found.items() for tie in ties if tie.category == HUBSPOT]
    if len(rows) <= page:
        return {"results": rows}
    after = rows[page]["id"]
    link = f"https://api.hubapi.com/crm/v3/objects/{start.name}/associations/{end.name}?after={after}"
    return {"results": rows[:page], "paging": {"next": {"after": after, "link": link}}}


def nothing_there(start: Kind, end: Kind, id: str) -> Refused:
    """A record without any association of this kind."""
    context = {"fromObjectId": [id], "fromObjectType": [start.one], "toObjectType": [end.one]}
    message = f"No {end.one} is associated with {start.one} {id}."
    where = "crm.associations.NO_ASSOCIATIONS_FOUND"
    return Refused(404, message, "OBJECT_NOT_FOUND", subCategory=where, context=context)
