"""YAML nodes to pydantic models: what the model complains about becomes problems with file, line and column.  (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from billsync.model.problem import Problem
from billsync.model.scalar import show
from billsync.strict.yaml import Node, did_you_mean

Model = TypeVar("Model", bound=BaseModel)
Path = Sequence[str | int]

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}


_CHOICES: Final = ("literal_error", "enum", "union_tag_invalid", "union_tag_not_found")


class BadSettings(Exception):
    """The configuration cannot be used; `problems` says where and why, all of it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def node_to_model(node: Node, model: type[Model], what: str) -> Model:
    """The node as an instance of the model; `what` names it in messages.  Raises `BadSettings`."""
    return validated(model, node.plain(), node, what)


def validated(model: type[Model], value: object, node: Node, what: str) -> Model:
    """A value made from the node as an instance of the model.  Raises `BadSettings` with places in the node."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise BadSettings(_problem(fault, model, node, what) for fault in faults) from None


def _problem(fault: Any, model: type[BaseModel], node: Node, what: str) -> Problem:
    path: Path = fault["loc"]
    kind: str = fault["type"]
    inner = f"{what} {_dotted(path[:-1])}".rstrip()
    if kind == "extra_forbidden":
        key = str(path[-1])
        hint = did_you_mean(key, keys_at(model, path[:-1]))
        place = node_at(node, path[:-1]).key_place(key)
        return Problem(code="YAML-KEY-02", message=f"{inner} has no key {show(key)}", hint=hint, place=place)
    if kind == "missing":
        return node_at(node, path[:-1]).problem("YAML-KEY-03", f"{inner} needs the key {show(str(path[-1]))}")
    there = node_at(node, path)
    full = f"{what} {_dotted(path)}".rstrip()
    if kind in _EXPECTED:
        return there.problem("YAML-VALUE-01", f"{full}: expected {_EXPECTED[kind]}, got {there.form}")
    if kind in _CHOICES:
        return _choice(fault, there, full)
    message = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "expected", 1)
    return there.problem("YAML-VALUE-01", f"{full}: {message}")


def _choice(fault: Any, there: Node, full: str) -> Problem:
    """One of several words was expected: a literal, or the word that tells the branches of a union apart."""
    context = fault.get("ctx", {})
    name = str(context.get("discriminator", "")).strip("'")
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    told = there if not name else there.get(name)
    if told is None:
        return there.problem("YAML-KEY-03", f"{full} needs the key {show(name)}")
    message = f"{full}{f'.{name}' if name else ''}: expected {expected}" if expected else f"{full}: {fault['msg']}"
    near = did_you_mean(told.value, re.findall("'([^']*)'", expected)) if isinstance(told.value, str) else ""
    return told.problem("YAML-VALUE-01", f"{message}, got {told.form}", near if near.startswith("did") else "")


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def node_at(node: Node, path: Path) -> Node:
    """The node that a path leads to; parts that only the model knows (a branch of a union) are passed over."""
    for part in path:
        if isinstance(part, int):
            entries = node.entries()
            node = entries[part] if part < len(entries) else node
        else:
            node = node.get(part) or node
    return node


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model takes at a path."""
    models = [model]
    for part in path:
        inner = [
            found
            for outer in models
            for name, field in outer.model_fields.items()
            if part in (name, field.alias)
            for found in models_in(field.annotation)
        ]
        models = inner or models
    return [field.alias or name for found in models for name, field in found.model_fields.items()]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation speaks of: itself, or inside of lists, mappings and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
