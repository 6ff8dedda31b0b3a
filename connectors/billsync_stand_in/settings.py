"""How a stand-in is set up.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from typing import Any, ClassVar, Self

from billsync_stand_in.turned import Turned, bad


@dataclass(frozen=True, slots=True)
class Options:
    """A system's settings; counts and seconds are not negative.

    Attributes:
        choices: values that a setting may have, where not any is good.
        secrets: settings that are never shown.
        password: of the administration's door; "": anyone on this machine.
    """

    choices: ClassVar[Mapping[str, Sequence[Any]]] = {}
    secrets: ClassVar[Sequence[str]] = ("password",)

    password: str = ""

    def changed(self, values: Mapping[str, Any]) -> Self:
        """With these values in place of its own, also from their text form.  Raises `Turned`."""
        kinds = {field.name: str(field.type) for field in fields(self)}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise Turned(422, "UNKNOWN_SETTING", f"there is no setting {unknown[0]}", unknown[0])
        return replace(self, **{name: self._read(name, kinds[name], value) for name, value in values.items()})

    def plain(self) -> dict[str, Any]:
        """As JSON values; secrets only as a mark that there are some."""
        found = asdict(self)
        return {**found, **{name: "***" if found[name] else "" for name in self.secrets}}

    def _read(self, name: str, kind: str, value: Any) -> Any:
        try:
            found = _as(kind, value)
            self._check(name, found)
            fits = found in self.choices.get(name, (found,))
        except (ValueError, TypeError, LookupError, ArithmeticError, OSError):
            fits = False
        if not fits:
            wanted = " or ".join(str(each) for each in self.choices.get(name, (kind,)))
            raise bad("SETTING", f"the setting {name}: expected {wanted}, got {value!r}", name)
        return found

    def _check(self, name: str, found: Any) -> None:
        """What else has to hold for a setting.  Raises ValueError, or whatever reading it raises."""


def _as(kind: str, value: Any) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}[str(value).lower()]
    if kind == "str":
        if not isinstance(value, str):
            raise TypeError
        return value
    if kind == "Decimal":
        return Decimal(str(value))
    number = int(value)
    if number < 0 or isinstance(value, bool):
        raise ValueError
    return number
