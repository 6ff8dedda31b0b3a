"""Reads a billing document, YAML or JSON, and the usage files that it names; all that is wrong at once.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from billsync.cli.usage_file import UsageFile, events
from billsync.invoicing.book import BillingDocument
from billsync.invoicing.convention import PRESETS, check_preset
from billsync.model.convention import Conventions
from billsync.model.problem import Place, Problem
from billsync.model.scalar import show
from billsync.model.usage import UsageEvent
from billsync.settings import BadSettings, node_to_model
from billsync.settings.convert import validated
from billsync.strict import json_nodes, yaml
from billsync.strict.yaml import BadYaml, Node, did_you_mean

WHAT = "the document"
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class BillingFile:
    """A billing document that can be billed.

    Attributes:
        problems: rows of usage files that could not be read; the others count.
        places: id of a line or commitment of the contract, or `amendments.0`, -> where it stands, as text.
    """

    document: BillingDocument
    problems: tuple[Problem, ...] = ()
    places: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> BillingFile:
    """The document in a file.  Raises `BadSettings` with every fault of it, each with file, line and column."""
    node = _node(path)
    return _Reading(node, path.parent).document()


def text_of(path: Path) -> str:
    """The text of the file, for showing its lines; "" where it cannot be read."""
    try:
        return path.read_bytes()[: yaml.MAX_BYTES].decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _node(path: Path) -> Node:
    try:
        with path.open("rb") as file:
            raw = file.read(yaml.MAX_BYTES + 1)
        load = json_nodes.load if path.suffix.lower() == ".json" else yaml.load
        node = load(raw, str(path))
    except OSError as error:
        message = f"the billing document cannot be read: {error.strerror}"
        raise BadSettings([Problem(code="READ-FILE-01", message=message, place=Place(file=str(path)))]) from None
    except BadYaml as error:
        raise BadSettings(error.problems) from None
    if not node.is_mapping:
        raise BadSettings(node.wrong("a mapping with the keys customer, contract ...").problems)
    return node


class _Reading:
    """One file, part by part; what is wrong with one part hides nothing of the others."""

    def __init__(self, node: Node, folder: Path) -> None:
        self._node, self._folder = node, folder
        self._faults: list[Problem] = []
        self._rows: list[Problem] = []

    def document(self) -> BillingFile:
        plain = self._node.plain()
        value: dict[str, Any] = dict(plain) if isinstance(plain, dict) else {}
        value = {key: item for key, item in value.items() if item is not None}
        customer = self._text("customer", "id")
        self._take_policy(value)
        used = self._take_usage(value, customer)
        self._take_customer(value, customer)
        made = self._tried(lambda: validated(BillingDocument, value, self._node, WHAT))
        if made is None or self._faults:
            raise BadSettings(sorted(self._faults, key=_spot))
        if used:
            made = made.model_copy(update={"usage": (*made.usage, *used)})
        return BillingFile(made, tuple(self._rows), self._places())

    def _places(self) -> dict[str, str]:
        contract = self._node.get("contract") or self._node
        lists = (contract.get(key) for key in ("lines", "commitments"))
        entries = [entry for found in lists if found is not None for entry in found.entries()]
        found = {str(id.value): str(entry.place) for entry in entries if (id := entry.get("id")) is not None}
        amendments = contract.get("amendments") or contract
        return found | {f"amendments.{index}": str(entry.place) for index, entry in enumerate(amendments.entries())}

    def _tried(self, make: Callable[[], _Made]) -> _Made | None:
        """What is made; None where its faults were noted."""
        try:
            return make()
        except (BadSettings, BadYaml) as error:
            self._faults += error.problems
            return None

    def _text(self, *path: str) -> str:
        node: Node | None = self._node
        for key in path:
            node = None if node is None else node.get(key)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def _take_customer(self, value: dict[str, Any], customer: str) -> None:
        """The contract is this customer's, said or not."""
        contract = value.get("contract")
        if not isinstance(contract, dict) or not customer:
            return
        said = contract.get("customer")
        value["contract"] = {**contract, "customer": customer if said is None else said}
        node = (self._node.get("contract") or self._node).get("customer")
        if node is not None and said is not None and said != customer:
            message = f"{WHAT} contract.customer: expected {show(customer)}, the id of the customer, got {show(said)}"
            self._faults.append(node.problem("YAML-VALUE-01", message, "leave it out: it is the document's customer"))

    def _take_policy(self, value: dict[str, Any]) -> None:
        """`policy: stripe-like`, or the conventions themselves, stand in the invoicing rules."""
        node, said = self._node.get("policy"), value.pop("policy", None)
        if node is None or said is None:
            return
        given: dict[str, Any] = dict(said) if isinstance(said, dict) else {"preset": said}
        preset = given.pop("preset", None)
        if preset is not None:
            self._tried(lambda: _preset(node.get("preset") or node))
        self._tried(lambda: validated(Conventions, given, node, "policy"))
        rules = value.get("invoicing") or {}
        if not isinstance(rules, dict):
            return
        twice = [key for key in ("preset", "conventions") if key in rules]
        for key in twice:
            place = (self._node.get("invoicing") or self._node).key_place(key)
            message = f"{WHAT} has its conventions twice: under policy and under invoicing.{key}"
            self._faults.append(Problem(code="YAML-KEY-01", message=message, hint="keep one of them", place=place))
        if not twice and not self._faults:
            value["invoicing"] = {**rules, **({"preset": preset} if preset else {}), "conventions": given}

    def _take_usage(self, value: dict[str, Any], customer: str) -> list[UsageEvent]:
        """The events of usage files; those that are written out stay where they are."""
        node = self._node.get("usage")
        if node is None:
            return []
        entries = (node,) if node.is_mapping else node.entries()
        named = [entry for entry in entries if entry.get("file") is not None]
        if named:
            kept = tuple(entry for entry in entries if entry not in named)
            value["usage"] = [entry.plain() for entry in kept]
            held = {**dict(self._node.items()), "usage": replace(node, value=kept)}
            self._node = replace(self._node, value=held)
        return [event for entry in named for event in self._events(entry, customer)]

    def _events(self, entry: Node, customer: str) -> Iterable[UsageEvent]:
        said = self._tried(lambda: node_to_model(entry, UsageFile, "a usage file"))
        if said is None:
            return ()
        try:
            found, problems = events(self._folder / said.file, said, customer)
        except OSError as error:
            message = f"the usage file {show(said.file)} cannot be read: {error.strerror}"
            self._faults.append((entry.get("file") or entry).problem("READ-FILE-01", message))
            return ()
        self._rows += problems
        return found


def _preset(node: Node) -> str:
    """The preset's name.  Raises `BadYaml` where there is none of that name."""
    try:
        return check_preset(node.text())
    except ValueError as error:
        if isinstance(error, BadYaml):
            raise
        near = did_you_mean(node.text(), PRESETS)
        hint = near if near.startswith("did") else ""
        raise BadYaml([node.problem("YAML-VALUE-01", f"policy: {error}", hint)]) from None


def _spot(problem: Problem) -> tuple[str, int, int]:
    place = problem.place
    return place.file or "", place.line or 0, place.column or 0
