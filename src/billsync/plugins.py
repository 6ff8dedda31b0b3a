"""Connectors and their local stand-ins, found by entry point; nothing is imported before it is asked for.  (shell)

A package of somebody else is equal to ours: it names its classes in the groups `billsync.connectors` and
`billsync.sandboxes`, and is installed beside billsync.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from billsync.connector import Connector
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

CONNECTORS: Final = "billsync.connectors"
SANDBOXES: Final = "billsync.sandboxes"


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
