"""A configuration is changed where it has to be, and nowhere else: comments, order and forms stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync import assets
from billsync.settings.editing import CannotEdit, extend, put
from billsync.strict.yaml import load

CONFIG = """\
# our configuration
store: sqlite:///billsync.db        # the books

connections:
  crm:
    connector: files   # exports
    folder: crm
  erp:
    connector: sandbox
    url: http://127.0.0.1:1/   # here
    # tax codes come later

pipelines:
  billing:
    source: crm
    mappings:
      inbound: [a.yaml, b.yaml]
      outbound:
        - c.yaml   # customers
        # the end
    invoicing: {grouping: deal}
    schedule:
"""


def test_keys_are_added_and_replaced_and_every_comment_stays() -> None:
    text = put(CONFIG, ["connections", "erp", "url"], "https://erp.example.com/")
    text = put(text, ["connections", "erp", "tax_codes"], {"standard": "V19", "no": "true"})
    text = put(text, ["connections", "erp", "tax_codes"], {"standard": "V20"})
    text = put(text, ["connections", "books"], {"connector": "sandbox", "password": "file:secrets/books.password"})
    text = put(text, ["pipelines", "billing", "target"], "books")
    text = put(text, ["pipelines", "billing", "invoicing", "taxes"], ["x"])
    text = put(text, ["vault"], "file:secrets/vault.key")
    assert text == CONFIG.replace("http://127.0.0.1:1/ ", "https://erp.example.com/ ").replace(
        "# here\n",
        '# here\n    tax_codes:\n      standard: V20\n      "no": "true"\n'
        "  books:\n    connector: sandbox\n    password: file:secrets/books.password\n",
    ).replace("{grouping: deal}", "{grouping: deal, taxes: [x]}").replace(
        "    schedule:\n", "    schedule:\n    target: books\nvault: file:secrets/vault.key\n"
    )


def test_lists_grow_at_their_end_and_never_twice() -> None:
    text = extend(CONFIG, ["pipelines", "billing", "mappings", "outbound"], ["c.yaml", "d.yaml"])
    text = extend(text, ["pipelines", "billing", "mappings", "inbound"], ["e f.yaml"])
    text = extend(text, ["pipelines", "billing", "mappings", "payments"], ["p.yaml"])
    assert text == CONFIG.replace("# customers\n", "# customers\n        - d.yaml\n").replace(
        "b.yaml]", 'b.yaml, "e f.yaml"]'
    ).replace("        # the end\n", "      payments:\n        - p.yaml\n        # the end\n")
    assert extend(text, ["pipelines", "billing", "mappings", "payments"], ["p.yaml"]) == text


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a:\n", ["a"], "x", "a: x\n"),
        ("a:   # why\n", ["a"], "x", "a: x   # why\n"),
        ("a: 1 # one\nb: 2", ["b"], "3", "a: 1 # one\nb: 3"),
        ("a: 1\r\nb: 2\r\n", ["c"], {"d": "e"}, "a: 1\r\nb: 2\r\nc:\r\n  d: e\r\n"),
        ("a: {}\n", ["a", "b"], "c", "a: {b: c}\n"),
        ("a: {b: c }  # end\n", ["a", "d"], {"e": "f"}, "a: {b: c, d: {e: f} }  # end\n"),
        ("a: [x]\nb: y\n", ["a"], ["p", "q"], "a:\n  - p\n  - q\nb: y\n"),
        ('a: "x"\nb: |\n  long\n', ["a"], "", 'a: ""\nb: |\n  long\n'),
        ("a: b\n", ["a", "c"], "d", "a:\n  c: d\n"),
    ],
)
def test_forms(before: str, path: list[str], value: Any, after: str) -> None:
    assert put(before, path, value) == after


@pytest.mark.parametrize("text", ["a: &x {b: c}\nd: *x\n", "- a\n", "a: &x\n  b: c\nd: *x\n"])
def test_what_cannot_be_changed_with_certainty_is_refused(text: str) -> None:
    with pytest.raises(CannotEdit):
        put(text, ["d", "b"], "z")


SAMPLES = [
    (assets.folder("config") / name).read_text(encoding="utf-8")
    for name in ("sandbox-sandbox.example.yaml", "files-tryton.example.yaml", "hubspot-tryton.example.yaml")
]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_change_of_a_shipped_configuration_changes_that_and_no_comment(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SAMPLES))
    path = data.draw(
        st.sampled_from(
            [["connections", "erp", "url"], ["connections", "erp", "tax_codes", "standard"], ["vault"],
             ["connections", "new", "a"], ["pipelines", "billing", "target"],
             ["pipelines", "billing", "push", "x", "y"]]
        )
    )  # fmt: skip
    value = data.draw(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12))
    after = put(text, path, value)
    found: Any = load(after, "").plain()
    for key in path:
        found = found[key]
    assert (found or "") == value
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert [comment for comment in comments if f"#{comment}" not in after] == []
