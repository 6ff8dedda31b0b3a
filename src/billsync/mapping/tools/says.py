"""What the fields of a mapping say, as a line each: for previews and for comparing two versions.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator

from billsync.strict.yaml import Node


def rules_in_words(root: Node) -> dict[str, str]:
    """Dotted field of the document -> its rule as in the file, without the fields inside of it."""
    fields = root.get("fields")
    return dict(_rules(fields, "")) if fields is not None else {}


def _rules(fields: Node, base: str) -> Iterator[tuple[str, str]]:
    for name, rule in fields.items():
        target = f"{base}{name}"
        inner = rule.get("fields")
        yield target, ", ".join(f"{key}: {_flow(value)}" for key, value in rule.items() if key != "fields") or "fields"
        if inner is not None:
            yield from _rules(inner, f"{target}.")


def _flow(node: Node) -> str:
    if node.is_list:
        return f"[{', '.join(_flow(entry) for entry in node.entries())}]"
    if node.is_mapping:
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in node.items()) + "}"
    text = " ".join(str(node.value).split())
    return f"'{text}'" if node.quoted and not text else text
