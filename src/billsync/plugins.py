"""Connectors, their stand-ins, functions and mappings of packages, found by entry point.  (shell)

A package of somebody else is equal to ours: it names its classes in the groups `billsync.connectors` and
`billsync.sandboxes`, functions for mappings in `billsync.functions` and folders of mappings in `billsync.mappings`,
and is installed beside billsync.  Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from billsync.connector import Connector
from billsync.mapping import BadNative, Native
from billsync.mapping.native import native_of
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

CONNECTORS: Final = "billsync.connectors"
SANDBOXES: Final = "billsync.sandboxes"
FUNCTIONS: Final = "billsync.functions"
MAPPINGS: Final = "billsync.mappings"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point.

    Attributes:
        name: as a configuration calls it.
        package, version: the distribution that brings it; "" where it does not say.
        value: module and class, such as `billsync_connectors.files:Files`.
    """

    name: str
    package: str
    version: str
    value: str


class PluginProblem(Exception):
    """A connector or sandbox is not installed or does not load; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def installed(group: str = CONNECTORS) -> list[Plugin]:
    """What is installed, by name; nothing is imported."""
    return sorted(
        (_plugin(point) for point in entry_points(group=group)), key=lambda found: (found.name, found.package)
    )


def _plugin(point: EntryPoint) -> Plugin:
    dist = point.dist
    return Plugin(point.name, dist.name if dist else "", dist.version if dist else "", point.value)


def load_connector(name: str, place: Place | None = None) -> type[Connector]:
    """The connector's class.  `place` is where the name was written.  Raises `PluginProblem`."""
    found = _load(CONNECTORS, name, "connector", place)
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise _problem(f"the connector {show(name)} is not a subclass of billsync.connector.Connector", _TELL, place)
    lacking = [attribute for attribute in ("capabilities", "config") if not hasattr(found, attribute)]
    if lacking:
        raise _problem(f"the connector {show(name)} does not state its {' and '.join(lacking)}", _TELL, place)
    return found


def load_sandbox(name: str, place: Place | None = None) -> Any:
    """The class of a connector's local stand-in (docs/how-to/write-a-connector.md).  Raises `PluginProblem`."""
    found = _load(SANDBOXES, name, "sandbox", place)
    if not isinstance(found, type):
        raise _problem(f"the sandbox {show(name)} is not a class", _TELL, place)
    return found


# ---------------------------------------------------------------- what mappings use


class Natives(Mapping[str, Native]):
    """The functions that installed packages bring for `fn:`, by name; each is imported when it is first asked for.

    Asking raises `BadNative` where the function does not load, or two packages bring one of that name.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, Native] = {}

    @cached_property
    def _points(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for point in sorted(entry_points(group=FUNCTIONS), key=lambda point: point.name):
            found.setdefault(point.name, []).append(point)
        return found

    def __getitem__(self, name: str) -> Native:
        if name not in self._loaded:
            self._loaded[name] = _native(self._points[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


NATIVES: Final = Natives()
"""Those of this process."""


def _native(points: list[EntryPoint]) -> Native:
    point, found = points[0], _plugin(points[0])
    if len({other.value for other in points}) > 1:
        packages = ", ".join(sorted(other.package or other.value for other in map(_plugin, points)))
        raise BadNative(f"several packages bring it: {packages}; uninstall all but one")
    try:
        native = native_of(point.load())
    except BadNative as error:
        raise BadNative(f"{error} ({point.value})") from None
    except Exception as error:  # whatever the module of somebody else raises at its import
        raise BadNative(f"{point.value} does not load: {type(error).__name__}: {error}") from error
    if native.name != point.name:
        raise BadNative(f"{point.value} calls itself {show(native.name)}")
    return replace(native, release=f"{found.package} {found.version}".strip())


def mapping_folders(name: str) -> list[Path]:
    """The folders of mappings that packages bring under a name.  Raises `PluginProblem` where one is not there."""
    return [_folder(point) for point in entry_points(group=MAPPINGS) if point.name == name]


def _folder(point: EntryPoint) -> Path:
    try:
        spec = find_spec(point.module)
    except Exception as error:  # the packages around it are imported, and may raise anything
        message = f"the mappings {show(point.name)} cannot be found: {type(error).__name__}: {error}"
        raise _problem(message, f"they are {point.value}; {_TELL}", None) from error
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise _problem(f"the mappings {show(point.name)} cannot be found: no folder {point.value}", _TELL, None)
    return Path(places[0])


# ---------------------------------------------------------------- loading


_TELL: Final = "tell those who make the package"


def _load(group: str, name: str, what: str, place: Place | None) -> Any:
    points = [point for point in entry_points(group=group) if point.name == name]
    if not points:
        raise _not_installed(group, name, what, place)
    if len({point.value for point in points}) > 1:
        packages = ", ".join(sorted(found.package or found.value for found in map(_plugin, points)))
        raise _problem(f"several packages bring a {what} {show(name)}: {packages}", "uninstall all but one", place)
    try:
        return points[0].load()
    except ModuleNotFoundError as error:
        raise _missing_module(points[0], error, what, place) from error
    except Exception as error:  # whatever the module of somebody else raises at its import
        message = f"the {what} {show(name)} does not load: {type(error).__name__}: {error}"
        raise _problem(message, f"it is {points[0].value}; {_TELL}", place) from error


def _not_installed(group: str, name: str, what: str, place: Place | None) -> PluginProblem:
    known = [found.name for found in installed(group)]
    near = did_you_mean(name, known)
    advice = f"install the package that brings it, into the same environment: pip install PACKAGE ({group})"
    return _problem(f"the {what} {show(name)} is not installed", f"{near}; or {advice}" if near else advice, place)


def _missing_module(point: EntryPoint, error: ModuleNotFoundError, what: str, place: Place | None) -> PluginProblem:
    found = _plugin(point)
    extras = point.dist.metadata.get_all("Provides-Extra") or [] if point.dist else []
    package = f"{found.package}[{found.name}]" if found.name in extras else found.package
    message = f"the {what} {show(found.name)} does not load: the module {show(error.name or str(error))} is missing"
    return _problem(message, f'pip install "{package}"' if package else _TELL, place)


def _problem(message: str, hint: str, place: Place | None) -> PluginProblem:
    return PluginProblem(Problem(code="CONF-PLUGIN-01", message=message, hint=hint, place=place or Place()))
