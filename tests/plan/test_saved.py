"""The plan as a file and as Markdown: read back whole, refused where it is none, and nothing in it breaks a table."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.planning import BadPlan, Plan, markdown, read_plan
from billsync.planning.document import FieldChange, NewInvoice, NewLine, Total, Write

DAY = date(2026, 1, 31)


def _plan(name: str, value: str = "x") -> Plan:
    nine = Decimal(9)
    line = NewLine(
        deal=name,
        product=name,
        description=value,
        quantity=Decimal(1),
        unit_amount=nine,
        amount=nine,
        tax_rate=Decimal(0),
    )
    invoice = NewInvoice(
        number="INV-1",
        customer=name,
        name=name,
        currency="EUR",
        issued_on=DAY,
        due_on=DAY,
        subtotal=nine,
        tax_total=Decimal(0),
        total=nine,
        lines=(line,),
        sha256="0",
    )
    fields = (FieldChange(field="name", after=value), FieldChange(field="vip", before=True))
    write = Write(
        system="erp",
        object="party",
        kind="customer",
        document=name,
        action="create",
        key=name,
        sha256="0",
        fields=fields,
    )
    made = datetime(2026, 2, 1, tzinfo=UTC)
    total = Total(system="erp", kind="customer", creates=1, amounts={"EUR": Decimal(9)})
    return Plan(pipeline="billing", through=DAY, made_at=made, connections={"erp": "0"}, invoices=(invoice,),
                writes=(write,), totals=(total,)).sealed()  # fmt: skip


nasty = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=30)


@given(nasty.filter(str.strip), nasty)
def test_any_value_stays_in_its_cell(name: str, value: str) -> None:
    text = markdown(_plan(name, value))
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in table.splitlines()}
        assert len(widths) == 1, table
    bare = text.replace("<!-- -->", "")
    assert set(re.findall(r"<[^>]*>?", bare)) <= {
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<sub>",
        "</sub>",
    }


def test_a_name_that_is_markup_is_text() -> None:
    text = markdown(_plan("|<b>", "[x](javascript:alert) @boss #1 `c`"))
    assert "| \\|&lt;b&gt; |" in text
    assert "<b>" not in text
    assert "\\[x\\](javascript\\:alert) @<!-- -->boss #<!-- -->1 \\`c\\`" in text


@given(nasty.filter(str.strip), nasty)
def test_a_plan_is_read_back_whole(name: str, value: str) -> None:
    plan = _plan(name, value)
    found = read_plan(plan.json_text().encode())
    assert found == plan
    assert found.seal() == plan.sha256


BAD = {
    "not JSON": (b"{", "line 1"),
    "no plan": (b"[]", "not a plan"),
    "another file": (b'{"format": "x"}', "not a plan"),
    "a later version": (b'{"format": "billsync-plan/2"}', "billsync-plan/1"),
    "half a plan": (b'{"format": "billsync-plan/1"}', "pipeline"),
    "no text": (b"\xff\xfe", "UTF-8"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_plan_is_refused_in_a_sentence(what: str) -> None:
    text, named = BAD[what]
    with pytest.raises(BadPlan, match=re.escape(named)):
        read_plan(text)


def test_a_long_plan_is_cut_and_says_so() -> None:
    plan = _plan("Acme")
    many = plan.model_copy(update={"writes": plan.writes * 3_000})
    text = markdown(many)
    assert len(text) < 65_536
    assert "more, in the plan itself" in text
