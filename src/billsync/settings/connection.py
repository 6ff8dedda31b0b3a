"""A connection: which connector, and the settings that the connector's own model understands.  (shell)

Secrets stand in the file as references only: `env:NAME`, or `file:PATH` for a file that nobody else may read.  They are
fetched when the connector is opened, and stand in no message.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from billsync import observe
from billsync.model.base import Id, Noun, Text
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.settings.calls import CallSettings
from billsync.settings.convert import BadSettings, models_in, validated
from billsync.strict.yaml import Node, did_you_mean

Model = TypeVar("Model", bound=BaseModel)
_AS_IT_SAYS: Final = CallSettings()
MAX_SECRET_BYTES: Final = 1 << 16
OF_ALL: Final = frozenset({"connector", "sandbox", "calls"})
"""Keys that every connection may have; the others are its connector's."""
_HINT: Final = "write env:NAME for an environment variable, or file:PATH for a file with mode 0600"


class Sandbox(Noun):
    """The local stand-in of a connection's system.

    Attributes:
        folder: where it keeps its data, relative to the configuration.
        options: what else it takes, as its own pages say (docs/how-to/sandbox.md).
    """

    folder: Id
    options: dict[str, Text] = {}


@dataclass(frozen=True, slots=True)
class Connection:
    """One outside system.

    Attributes:
        name: as pipelines and places of records call it.
        connector: the connector's entry point.
        sandbox: its local stand-in, or None for the system itself.
        place: where its connector is named in the file.
        root: folder that relative paths start from.
        node: everything that stands under it.
        calls: how many calls it may make, in place of what its connector says.
    """

    name: str
    connector: str
    sandbox: Sandbox | None
    place: Place
    root: Path
    node: Node
    calls: CallSettings = _AS_IT_SAYS

    def config(self, model: type[Model], extra: Mapping[str, str] | None = None) -> Model:
        """The connector's settings, secrets filled in.  Raises `BadSettings` with every error and its line.

        `extra` comes from a running sandbox and wins over what the file says; secrets in it are the secrets themselves.
        """
        own = {key: value for key, value in self.node.items() if key not in {*OF_ALL, *(extra or {})}}
        node = replace(self.node, value=own)
        problems: list[Problem] = []
        made = filled(node, model, self.root, problems)
        if problems:
            raise BadSettings(problems)
        value = {**made, **(extra or {})} if isinstance(made, dict) else made
        return validated(model, value, node, f"connection {self.name}")


def filled(node: Node, annotation: Any, root: Path, problems: list[Problem]) -> Any:
    """The node without places, each secret in place of its reference; where one is not found, its problems."""
    if node.is_text and not node.is_null and _is_secret(annotation):
        try:
            return secret(node, root)
        except BadSettings as error:
            problems += error.problems
            return ""
    if node.is_list:
        return [filled(entry, _inner(annotation), root, problems) for entry in node.entries()]
    if not node.is_mapping:
        return node.plain()
    fields = {
        field.alias or name: field.annotation
        for model in models_in(annotation)
        for name, field in model.model_fields.items()
    }
    return {key: filled(value, fields.get(key, _inner(annotation)), root, problems) for key, value in node.items()}


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(argument) for argument in get_args(annotation))


def _inner(annotation: Any) -> Any:
    """What entries of a list or values of a mapping are; the annotation itself is good enough to find secrets."""
    return annotation if get_args(annotation) else None


def secret(node: Node, root: Path) -> str:
    """The text that a reference leads to.  Raises `BadSettings`; the message never holds what was written."""
    found = _followed(node, root)
    observe.hide(found, *filter(None, (urlsplit(found).password if "://" in found else None,)))
    return found


def _followed(node: Node, root: Path) -> str:
    kind, _, name = node.text().partition(":")
    if kind == "env" and name:
        return _from_environment(node, name)
    if kind == "file" and name:
        return _from_file(node, name, root)
    raise _bad(node, "a secret stands here in plain text: expected a reference", _HINT)


def _from_environment(node: Node, name: str) -> str:
    value = os.environ.get(name)
    if value:
        return value
    state = "is empty" if value == "" else "is not set"
    hint = f"set it before billsync is started: export {name}=..."
    near = did_you_mean(name, [known for known in os.environ if _alike(known, name)])
    raise _bad(node, f"the environment variable {show(name)} {state}", f"{hint}; {near}" if near else hint)


def _alike(known: str, name: str) -> bool:
    """Only names of the same family are worth a hint: the rest of the environment is nobody's business."""
    return known != name and known.partition("_")[0] == name.partition("_")[0]


def _from_file(node: Node, name: str, root: Path) -> str:
    try:
        with (root / name).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            raw = file.read(MAX_SECRET_BYTES + 1)
        text = raw.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise _bad(node, f"the secret's file {show(name)} cannot be read: {error.strerror}", _HINT) from None
    except UnicodeDecodeError:
        raise _bad(node, f"the secret's file {show(name)} is not UTF-8 text", "save it as UTF-8") from None
    if mode & 0o077:
        raise _bad(node, f"others may read the secret's file {show(name)} (mode {mode:04o})", f"chmod 600 {name}")
    if not text or len(raw) > MAX_SECRET_BYTES:
        state = "empty" if not text else f"larger than {MAX_SECRET_BYTES:,} bytes"
        raise _bad(node, f"the secret's file {show(name)} is {state}", "put the secret into it, and nothing else")
    return text


def _bad(node: Node, message: str, hint: str) -> BadSettings:
    return BadSettings([node.problem("CONF-SECRET-01", message, hint)])
