"""A changed configuration: noticed, checked with its mappings, taken up; with a bad one the old one stays.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from billsync import plugins, settings, workspace
from billsync.mapping import BadMapping
from billsync.mapping.layers import Variant
from billsync.model.problem import Problem
from billsync.settings import BadSettings, Settings
from billsync.shelf import find_mapping

_Stamp: TypeAlias = dict[Path, tuple[int, int]]

_READ: Final = (".yaml", ".yml", ".csv", ".json")
"""Endings of files that a mapping may be made of."""


class Watched:
    """The files that a configuration is made of, looked at now and then."""

    def __init__(self, loaded: Settings) -> None:
        self.take_up(loaded)

    def take_up(self, loaded: Settings) -> None:
        """From now on, look at the files of this one."""
        self._loaded = loaded
        self._stamp, self._digest = _stamp(loaded), _digest(loaded)

    def changed(self) -> bool:
        """Whether any of the files has other contents than when it was asked last; a touch is no change."""
        stamp = _stamp(self._loaded)
        if stamp == self._stamp:
            return False
        before, self._stamp = self._digest, stamp
        self._digest = _digest(self._loaded)
        return self._digest != before


def checked(path: Path, running: Settings) -> Settings:
    """The configuration as it stands in the file now, where it can be used in place of the one that runs.

    Raises `BadSettings` with all that is wrong with it and its mappings, and `plugins.PluginProblem`.
    """
    loaded = settings.load(path)
    problems = list(_unfit(loaded, running))
    for name in loaded.pipelines:
        problems += _bad_mappings(loaded, name)
    for name in loaded.connections:
        problems += _bad_connection(loaded, name)
    if problems:
        raise BadSettings(dict.fromkeys(problems))
    return loaded


def _unfit(loaded: Settings, running: Settings) -> Iterator[Problem]:
    for key in ("store", "engine", "observe"):
        if getattr(loaded, key) != getattr(running, key):
            message = f"`{key}:` was changed: that is taken up by a restart only"
            yield Problem(code="CONF-RELOAD-01", message=message, hint="restart the daemon, or change it back")


def _bad_mappings(loaded: Settings, name: str) -> list[Problem]:
    pipeline = loaded.pipelines[name]
    paths = (*pipeline.mappings.inbound, *pipeline.mappings.outbound, *pipeline.mappings.payments)
    try:
        workspace.read_mappings(paths, loaded.root, Variant(loaded.environment, pipeline.entity))
    except (BadSettings, BadMapping) as error:
        return list(error.problems)
    return []


def _bad_connection(loaded: Settings, name: str) -> list[Problem]:
    connection = loaded.connections[name]
    try:
        kind = plugins.load_connector(connection.connector, connection.place)
        if connection.sandbox is None:
            connection.config(kind.config, {})
    except BadSettings as error:
        return list(error.problems)
    except plugins.PluginProblem as error:
        return [error.problem]
    return []


def _files(loaded: Settings) -> Iterator[Path]:
    """The configuration, and what lies in the folders of its own mappings."""
    yield loaded.path
    folders: set[Path] = set()
    for pipeline in loaded.pipelines.values():
        for path in (*pipeline.mappings.inbound, *pipeline.mappings.outbound, *pipeline.mappings.payments):
            with suppress(BadSettings):
                folders.add(find_mapping(path, loaded.root).parent)
    for folder in sorted(folders):
        with suppress(OSError):
            yield from sorted(file for file in folder.iterdir() if file.suffix in _READ and file.is_file())


def _stamp(loaded: Settings) -> _Stamp:
    found: _Stamp = {}
    for file in _files(loaded):
        with suppress(OSError):
            facts = file.stat()
            found[file] = (facts.st_mtime_ns, facts.st_size)
    return found


def _digest(loaded: Settings) -> str:
    found = hashlib.sha256()
    for file in _files(loaded):
        with suppress(OSError):
            found.update(f"{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
