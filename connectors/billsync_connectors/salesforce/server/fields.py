"""What a field is, and the short notation in which the objects list theirs.  (pure)

`Name string 255 required idlookup`: the name, the type, its size (length, or precision,scale; of a reference: the
object it leads to, the name of the relationship upwards and the one downwards, `-` for none), then marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

TEXTS: Final = frozenset({"string", "textarea", "picklist", "phone", "url", "email", "multipicklist", "combobox"})
NUMBERS: Final = frozenset({"currency", "double", "percent", "int"})
_SIZES: Final = {
    "string": "255", "textarea": "32000", "picklist": "255", "phone": "40", "url": "255", "email": "80", "id": "18",
    "currency": "18,2", "double": "18,2", "percent": "5,2", "int": "9,0", "multipicklist": "4099", "combobox": "255",
}  # fmt: skip
MARKS: Final = frozenset({"required", "idlookup", "external", "unique", "case", "readonly", "createonly", "formula"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object.

    Attributes:
        length: characters; precision, scale: digits, and those of them behind the point.
        to, up, down: of a reference: the object, the relationship's name here and there.
        marks: of `MARKS`.
        default: what a new record has where nothing was said.
    """

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    to: str = ""
    up: str = ""
    down: str = ""
    marks: frozenset[str] = frozenset()
    default: Any = None

    @property
    def custom(self) -> bool:
        """Whether people of the org made it."""
        return self.name.endswith("__c")

    @property
    def external(self) -> bool:
        """Whether an upsert may go by it."""
        return bool(self.marks & {"external", "idlookup"}) or self.type == "id"

    @property
    def createable(self) -> bool:
        """Whether a new record may be given it."""
        return not self.marks & {"readonly", "formula"} and self.type not in ("id", "address")

    @property
    def updateable(self) -> bool:
        """Whether it may be changed."""
        return self.createable and "createonly" not in self.marks


def field(line: str) -> Field:
    """A field of its notation.  Raises ValueError."""
    name, type, *rest = line.split()
    marks = frozenset(word for word in rest if word in MARKS)
    default = next((_default(word[8:]) for word in rest if word.startswith("default=")), None)
    sizes = [word for word in rest if word not in MARKS and not word.startswith("default=")]
    if type == "reference":
        to, up, down = (*sizes, "-", "-")[:3]
        return Field(name, type, 18, to=to, up=up.strip("-"), down=down.strip("-"), marks=marks)
    size = (sizes[0] if sizes else _SIZES.get(type, "0")).split(",")
    if type in NUMBERS:
        return Field(name, type, 0, int(size[0]), int(size[-1]), marks=marks, default=default)
    return Field(name, type, int(size[0]), marks=marks, default=default)


def _default(word: str) -> Any:
    return {"true": True, "false": False}.get(word, word.replace("_", " "))
