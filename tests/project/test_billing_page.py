"""docs/reference/billing.md says what the models and presets say, and leaves no field without a meaning."""

from __future__ import annotations

from tests.project.write_billing import CONTRACT, PAGE, PRICES, RULES, fields, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.project.write_billing"


def test_every_field_has_a_meaning() -> None:
    bare = [
        f"{noun.__name__}.{name}"
        for noun, _ in (*CONTRACT, *PRICES, *RULES)
        for name, _, _, meaning in fields(noun)
        if not meaning
    ]
    assert bare == [], "say what it is in the docstring of its class"
