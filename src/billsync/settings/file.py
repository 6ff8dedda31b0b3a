"""Reads `billsync.yaml`.  (shell)"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from billsync.model.base import Noun
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.settings.alerts import Alerts, Channel, secrets_in_plain_text
from billsync.settings.calls import CallSettings
from billsync.settings.connection import Connection, Sandbox, filled, secret
from billsync.settings.convert import BadSettings, node_to_model, validated
from billsync.settings.engine import EngineSettings
from billsync.settings.observing import Observing
from billsync.settings.shape import Pipeline
from billsync.strict import yaml
from billsync.strict.yaml import BadYaml, Node, did_you_mean

DEFAULT_STORE: Final = "sqlite:///billsync.db"
KEYS: Final = ("store", "environment", "vault", "engine", "observe", "connections", "pipelines", "alerts")
ENVIRONMENT: Final = "BILLSYNC_ENVIRONMENT"
"""Environment variable that says which environment this is, in place of the key `environment:`."""
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}", re.ASCII)
_Made = TypeVar("_Made")
_Section = TypeVar("_Section", bound=Noun)


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration.

    Attributes:
        path: the file; root: its folder, absolute: relative paths of the configuration start from it.
        store: SQLAlchemy URL; an SQLite file in it is absolute.
        environment: as `overrides:` of mappings name it, such as `sandbox`, or "".
        connections, pipelines: by name, in the file's order.
        vault: references to the keys that seal what connectors keep between runs; the first one seals, all open.
        alerts: who is alerted of what; secrets of channels are references here.
        alerts_node: where that stands, or None where it does not.
        engine: how the daemon and workers carry out runs.
        observe: what is told of what happens.
    """

    path: Path
    root: Path
    store: str
    connections: Mapping[str, Connection]
    pipelines: Mapping[str, Pipeline]
    environment: str = ""
    vault: tuple[Node, ...] = ()
    alerts: Alerts = field(default_factory=Alerts)
    alerts_node: Node | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    observe: Observing = field(default_factory=Observing)

    def alert_channel(self, name: str) -> Channel:
        """A channel with its secrets.  Raises `BadSettings`."""
        channels = self.alerts_node and self.alerts_node.get("channels")
        node = channels and channels.get(name)
        known = self.alerts.channels[name]
        if not node:
            return known
        problems: list[Problem] = []
        value = filled(node, type(known), self.root, problems)
        if problems:
            raise BadSettings(problems)
        return validated(type(known), value, node, f"channel {name}")

    def vault_keys(self) -> list[str]:
        """The texts that the references of `vault:` lead to now.  Raises `BadSettings`."""
        return [secret(node, self.root) for node in self.vault]


def load(path: Path) -> Settings:
    """The configuration in a file.  Raises `BadSettings` with all that is wrong with it."""
    return _settings(_read(path), path)


def parsed(text: str, path: Path) -> Settings:
    """The configuration that a text would be as the file `path`.  Raises `BadSettings`."""
    try:
        return _settings(_mapping(yaml.load(text, str(path))), path)
    except BadYaml as error:
        raise BadSettings(error.problems) from None


def _settings(node: Node, path: Path) -> Settings:
    root = path.absolute().parent
    problems = node.check_keys(KEYS, "the configuration", needed=("connections", "pipelines"))
    store = _collect(problems, lambda: _store(node.get("store"), root), "")
    environment = _collect(problems, lambda: _environment(node.get("environment")), "")
    vault: tuple[Node, ...] = _collect(problems, lambda: _references(node.get("vault")), ())
    engine = _collect(problems, lambda: _section(node, "engine", EngineSettings), EngineSettings())
    observe = _collect(problems, lambda: _section(node, "observe", Observing), Observing())
    connections = _each(node, "connections", problems, lambda name, inner: _connection(name, inner, root))
    pipelines = _each(node, "pipelines", problems, _pipeline)
    problems += _unknown_ends(node)
    alerts = _collect(problems, lambda: _alerts(node.get("alerts")), Alerts())
    if problems:
        raise BadSettings(problems)
    whole = (store, connections, pipelines, environment, vault, alerts, node.get("alerts"), engine, observe)
    return Settings(path, root, *whole)


def _read(path: Path) -> Node:
    try:
        with path.open("rb") as file:
            node = yaml.load(file.read(yaml.MAX_BYTES + 1), str(path))
    except OSError as error:
        raise BadSettings(
            [
                Problem(
                    code="READ-FILE-01",
                    message=f"the configuration cannot be read: {error.strerror}",
                    hint="name it with --config, or make a working folder with `billsync init`",
                    place=Place(file=str(path)),
                )
            ]
        ) from None
    except BadYaml as error:
        raise BadSettings(error.problems) from None
    return _mapping(node)


def _mapping(node: Node) -> Node:
    if not node.is_mapping:
        raise BadSettings(node.wrong("a mapping with the keys store, connections, pipelines").problems)
    return node


def _collect(problems: list[Problem], make: Callable[[], _Made], otherwise: _Made) -> _Made:
    """What is made; or, where it cannot be, its problems with the others."""
    try:
        return make()
    except (BadSettings, BadYaml) as error:
        problems += error.problems
        return otherwise


def _each(root: Node, key: str, problems: list[Problem], make: Callable[[str, Node], _Made]) -> dict[str, _Made]:
    """What stands under a key, by name; problems of all of them."""
    node = root.get(key)
    if node is None:
        return {}
    if not node.is_mapping or not node.value:
        problems += node.wrong(f"a mapping of {key} by name").problems
    found: dict[str, _Made] = {}
    for name, inner in node.items():
        if not NAME.fullmatch(name):
            message = f"expected a name of letters, digits, _ and -, got {show(name)}"
            problems.append(Problem(code="YAML-VALUE-01", message=message, place=node.key_place(name)))
        try:
            found[name] = make(name, inner)
        except (BadSettings, BadYaml) as error:
            problems += error.problems
    return found


# ---------------------------------------------------------------- parts


def _store(node: Node | None, root: Path) -> str:
    if node is None:
        return _absolute(DEFAULT_STORE, root)
    text = node.text()
    if text.startswith(("env:", "file:")):
        text = secret(node, root)
    elif urlsplit(text).password:
        message = "the store's password stands here in plain text"
        hint = "put the whole address into an environment variable: `store: env:BILLSYNC_STORE`; or use ~/.pgpass"
        raise BadSettings([node.problem("CONF-SECRET-01", message, hint)])
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")) or "\x00" in text:
        # what is wrong may hold a password: it is not shown
        message = "store: expected sqlite:///FILE or postgresql://HOST/DATABASE"
        raise BadSettings([node.problem("YAML-VALUE-01", message, "the default is sqlite:///billsync.db")])
    return _absolute(text, root)


def _section(root: Node, key: str, model: type[_Section]) -> _Section:
    """What stands under a key, or all defaults.  Raises `BadSettings`."""
    node = root.get(key)
    return model() if node is None or node.is_null else node_to_model(node, model, key)


def _environment(node: Node | None) -> str:
    """The environment that this is: one machine may be the sandbox of what another one runs by the same file."""
    said = os.environ.get(ENVIRONMENT, "")
    return said or ("" if node is None or node.is_null else node.text())


def _references(node: Node | None) -> tuple[Node, ...]:
    """References to secrets, one or a list; they are followed when a secret is needed.  Raises `BadSettings`."""
    if node is None or node.is_null:
        return ()
    found = tuple(node.entries()) if node.is_list else (node,)
    for each in found:
        if not each.is_text or not each.text().startswith(("env:", "file:")):
            hint = "write env:NAME for an environment variable, or file:PATH for a file with mode 0600"
            raise BadSettings([each.problem("CONF-SECRET-01", "vault: expected a reference to a key", hint)])
    return found


def _alerts(node: Node | None) -> Alerts:
    """Who is alerted of what; a secret is a reference, followed when the channel is used.  Raises `BadSettings`."""
    if node is None or node.is_null:
        return Alerts()
    made = node_to_model(node, Alerts, "alerts")
    plain = secrets_in_plain_text(node)
    if plain:
        raise BadSettings(plain)
    return made


def _absolute(url: str, root: Path) -> str:
    kind, mark, file = url.partition("sqlite:///")
    return f"{kind}{mark}{root / file}" if mark and file else url


def _connection(name: str, node: Node, root: Path) -> Connection:
    what = f"connection {name}"
    if not node.is_mapping:
        raise node.wrong(f"a mapping: the settings of {what}")
    problems = node.check_keys([key for key, _ in node.items()], what, needed=("connector",))
    kind, box = node.get("connector"), node.get("sandbox")
    sandbox = None
    if box is not None:
        sandbox = _collect(problems, lambda: node_to_model(box, Sandbox, f"sandbox of {what}"), None)
    connector = _collect(problems, kind.text, "") if kind is not None else ""
    calls = _collect(problems, lambda: _section(node, "calls", CallSettings), CallSettings())
    if problems:
        raise BadSettings(problems)
    return Connection(name, connector, sandbox, kind.place if kind else node.place, root, node, calls)


def _pipeline(name: str, node: Node) -> Pipeline:
    return node_to_model(node, Pipeline, f"pipeline {name}")


def _unknown_ends(root: Node) -> list[Problem]:
    """Sources and targets that are no connection."""
    connections, pipelines = root.get("connections"), root.get("pipelines")
    known = [name for name, _ in connections.items()] if connections else []
    ends = [
        end
        for _, pipeline in (pipelines.items() if pipelines else ())
        for key in ("source", "target")
        if (end := pipeline.get(key)) is not None and end.is_text and not end.is_null
    ]
    return [
        end.problem("CONF-NAME-01", f"there is no connection {show(end.text())}", did_you_mean(end.text(), known))
        for end in ends
        if end.text() not in known
    ]
