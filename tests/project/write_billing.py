"""Writes docs/reference/billing.md from the models and presets: `python -m tests.project.write_billing`."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from billsync.cli.usage_file import UsageFile
from billsync.invoicing.book import BillingDocument
from billsync.invoicing.convention import PRESETS
from billsync.invoicing.policy import InvoicingRules, TaxRule
from billsync.model import convention
from billsync.model.amendment import Amendment, Cancellation, Rung
from billsync.model.base import Noun
from billsync.model.contract import Commitment, Contract, ContractLine, Ramp
from billsync.model.convention import Basis, Conventions, Policy
from billsync.model.customer import Customer
from billsync.model.discount import Coupon
from billsync.model.exchange import FxRate
from billsync.model.paying import DueRule, Instalment, PrepaidGrant
from billsync.model.product import Part, Price, PriceBook, Product
from billsync.model.scheme import (
    DynamicPrice,
    FlatPrice,
    GraduatedPercentagePrice,
    PackagePrice,
    PercentagePrice,
    PerUnitPrice,
    RateTier,
    Tier,
    TieredPrice,
)
from billsync.model.usage import UsageEvent

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "billing.md"

HEAD: Final = """# Billing: contracts, prices and conventions

What may stand in a contract document, field by field, and every convention by which amounts are made of it.
[How to bill a contract](../how-to/bill-a-contract.md) begins with an example;
[why it is built so](../why/0005-conventions-are-data.md).

Amounts and quantities are decimals written as text (`"10.00"`), never floats. Days are `2026-01-31`. Periods are
half-open: `ends_on` is the first day without service. Fractions stand for percents: `"0.19"` is 19 %. A field that is
left out has the value under *if left out*; `-` there means that it has to be given.

Beside the fields of the [file](#file), `policy` names a [preset](#presets) or has [conventions](#conventions) of its
own, and `usage` may name a [usage file](#usage-file).
"""

FOOT: Final = "\nMade from the code by `python -m tests.project.write_billing`.\n"

SCHEMES: Final = ("Flat", "PerUnit", "Package", "Tiered", "Percentage", "GraduatedPercentage", "Dynamic")
SHORT: Final = ("tax_rounding", "rounding", "proration")

CONTRACT: Final[tuple[tuple[type[Noun], str], ...]] = (
    (BillingDocument, "File"),
    (Customer, "Customer"),
    (Contract, "Contract"),
    (ContractLine, "Line"),
    (Ramp, "Ramp"),
    (Amendment, "Amendment"),
    (Cancellation, "Cancellation"),
    (Rung, "Rung"),
    (Coupon, "Coupon"),
    (Commitment, "Commitment"),
    (PrepaidGrant, "Prepaid credits"),
    (Instalment, "Instalment"),
    (DueRule, "Due rule"),
    (UsageEvent, "Usage event"),
    (UsageFile, "Usage file"),
    (Product, "Product"),
    (Part, "Part of a bundle"),
    (PriceBook, "Price book"),
    (Price, "Price of a book"),
)

PRICES: Final[tuple[tuple[type[Noun], str], ...]] = (
    (FlatPrice, "Flat"),
    (PerUnitPrice, "Per unit"),
    (PackagePrice, "Package"),
    (TieredPrice, "Tiers: graduated, volume, stairstep, prorated graduated"),
    (Tier, "Tier"),
    (PercentagePrice, "Percentage"),
    (GraduatedPercentagePrice, "Graduated percentage"),
    (RateTier, "Rate tier"),
    (DynamicPrice, "Dynamic"),
)

RULES: Final[tuple[tuple[type[Noun], str], ...]] = (
    (InvoicingRules, "Rules of invoicing"),
    (TaxRule, "Tax rule"),
    (FxRate, "Rate of exchange"),
)

COMMON: Final = {
    "id": "its name; no other of its kind has it",
    "name": "what people call it; stands on documents",
    "description": "what stands on the document, or the product's name where it is empty",
    "product": "id of the product",
    "customer": "id of the customer",
    "currency": "ISO 4217 code",
    "country": "ISO 3166-1 alpha-2 code",
    "language": "BCP 47",
    "lines": "see [Line](#line)",
    "every": "its period: `{months: 1}`, `{weeks: 2}`, `{years: 1}`",
    "scheme": "names the scheme",
    "amount": "in major units",
    "unit_amount": "for each unit, in major units; may have more decimals than the currency",
    "tiers": "in rising order, the last one open",
    "refund": "what is given back: nothing, the days that are left, or all of it",
    "meter": "name of the meter",
    "base": "currency that is converted",
    "target": "currency that it becomes",
    "on": "the day of the rate",
    "code": "the tax code that lines and products name",
    "billing_address": "postal address",
    "contacts": "people and mailboxes",
    "version": "counts up with each change; contracts pin it",
    "valid_from": "the first day on which it holds",
    "list_price": "price of one where nobody says otherwise",
    "list_currency": "the list price's currency",
    "tax_ids": "tax registrations: kind (`eu_vat`) and value",
    "free_units": "units that cost nothing",
}
"""What fields mean whose class says no more of them."""

OWN: Final = {
    "BillingDocument.customer": "who owes",
    "BillingDocument.contract": "what was agreed",
    "BillingDocument.through": "the last day to bill; `--through` wins",
    "BillingDocument.milestones": "name of a milestone and the day on which it was reached",
    "Price.unit_amount": "price of one, where there is no `price`",
    "PriceBook.prices": "prices by product, currency and day",
    "UsageFile.at": "the column of the instant; or",
    "UsageFile.on": "the column of the day",
    "UsageFile.customer": "the column of the customer's id, where the file has several; rows of others are left out",
    "Customer.legal_name": "what stands on the invoice; the name, where it is nothing",
    "Customer.name": "as it is known",
    "Customer.bill_to": "id of another customer that gets the invoice",
    "Customer.sold_to": "id of another customer that gets the goods",
    "Contract.price_book": "id of the price book that has the prices that lines leave out",
    "Contract.price_version": "its version, pinned",
    "Contract.instalments": "each invoice of it is paid in these parts; nothing for one",
    "ContractLine.model": "what charges it makes; `usage` is metered and in arrears, `instalment` has many due days",
    "ContractLine.tax_code": "of its tax; nothing for the product's",
    "Ramp.starts_on": "the day from which it holds",
    "Ramp.after": "or the time after the line's start",
    "Commitment.product": "id of the product that stands on the true-up's line",
    "Commitment.tax_code": "of the true-up's line; nothing for the product's",
    "Commitment.description": "what stands on the true-up's line",
    "Commitment.starts_on": "its first day; nothing for the contract's",
    "Commitment.ends_on": "its first day after the end; nothing for the contract's",
    "Coupon.percent": "a fraction of what is left of its lines, 0.1 for 10 %",
    "Coupon.amount": "or a fixed amount in major units, never more than what is left of its lines",
    "Coupon.starts_on": "the first day of issue that it holds for",
    "Coupon.ends_on": "the first day of issue that it no longer holds for",
    "Instalment.percent": "a fraction of the total, or of what is left; or",
    "Instalment.amount": "a fixed amount in major units; with neither, all that is left",
    "Instalment.of": "what the percent is of: `total` or `rest`",
    "UsageEvent.at": "the instant; its day in the customer's zone decides the period; or",
    "UsageEvent.on": "the day, where the source knows no more",
    "DynamicPrice.multiplier": "what the transaction's own price is multiplied by",
    "PercentagePrice.minimum": "the least that one transaction costs; a free one costs nothing",
    "PercentagePrice.maximum": "the most that one transaction costs, its fixed amount included",
    "InvoicingRules.preset": "the [conventions](#conventions) to begin with, by their name",
    "Policy.upgrade": "whether a dearer price holds from the change on, or from the next period",
    "Policy.downgrade": "whether a cheaper price holds from the change on, or from the next period",
    "Policy.rounding": "how every amount with too many decimals is rounded",
    "Policy.proration_basis": "how days of a cycle count; see [bases](#bases-of-proration)",
    "Policy.revenue_method": "how revenue is spread over the months of its service: by their days, or in equal parts",
    "Policy.prices_include_tax": "whether amounts have their tax in them already",
    "Policy.coupon_order": "which coupons are applied first",
    **{f"{scheme}Price.minimum_spend": "the least that a period costs" for scheme in SCHEMES},
    **{f"{scheme}Price.maximum_spend": "the most that a period costs" for scheme in SCHEMES},
    **{f"InvoicingRules.{name}": "the convention of this name; wins over `conventions`" for name in SHORT},
}
"""What single fields mean, where their class says it together with others or for developers."""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "\n## The document\n", *(_noun(noun, title) for noun, title in CONTRACT)]
    parts += ["\n## Prices\n", *(_noun(noun, title) for noun, title in PRICES)]
    parts += ["\n## Conventions\n", _conventions(), _bases(), "\n## Presets\n", _presets()]
    parts += ["\n## Rules of a pipeline\n", *(_noun(noun, title) for noun, title in RULES)]
    return "".join(parts) + FOOT


FORMS: Final = {
    "date": "day",
    "date-time": "instant",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "texts by name",
}
"""Kind of a JSON value -> what it is called here."""

TITLES: Final = {noun.__name__: title for noun, title in (*CONTRACT, *PRICES, *RULES)}


def _noun(noun: type[Noun], title: str) -> str:
    said = inspect.getdoc(noun) or ""
    summary = said.split("\n\nAttributes:")[0].split("Attributes:")[0].strip().replace("\n", " ")
    rows = [f"| `{name}` | {shape} | {default} | {meaning} |\n" for name, shape, default, meaning in fields(noun)]
    return f"\n### {title}\n\n{summary}\n\n| field | form | if left out | meaning |\n|---|---|---|---|\n{''.join(rows)}"


def fields(noun: type[Noun]) -> Iterator[tuple[str, str, str, str]]:
    """Name, form, default and meaning of each field; the meaning is "" where nothing is known."""
    schema, said = noun.model_json_schema(), _attributes(noun)
    for name, field in noun.model_fields.items():
        default = "-" if field.is_required() else _default(field.get_default(call_default_factory=True))
        meaning = OWN.get(f"{noun.__name__}.{name}") or said.get(name) or COMMON.get(name, "")
        yield name, _shape(schema["properties"][name]), default, _cell(meaning)


def _attributes(noun: type[Noun]) -> dict[str, str]:
    """Field -> what the docstrings of the class and of those that it is made from say."""
    found: dict[str, str] = {}
    for made_from in reversed(noun.__mro__):
        said = inspect.getdoc(made_from) if made_from.__doc__ else None
        if said and issubclass(made_from, Noun) and "Attributes:" in said:
            found |= _parsed(said.split("Attributes:\n")[1], set(noun.model_fields))
    return found


def _parsed(said: str, names: set[str]) -> dict[str, str]:
    text = " ".join(line.strip() for line in said.splitlines())
    known = "|".join(sorted(names, key=len, reverse=True))
    heads = list(re.finditer(rf"(?:^|(?<=\s))((?:{known})(?:, (?:{known}))*): ", text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {
        name: text[head.end() : end].strip().rstrip(".;")
        for head, end in zip(heads, ends, strict=True)
        for name in head[1].split(", ")
    }


def _shape(schema: dict[str, Any]) -> str:
    """What may stand there, in a word or two."""
    if "$ref" in schema:
        return _named(schema["$ref"].rsplit("/", 1)[1])
    if "anyOf" in schema or "oneOf" in schema:
        parts = [each for each in schema.get("anyOf", schema.get("oneOf", [])) if each.get("type") != "null"]
        words = list(dict.fromkeys(_shape(each) for each in parts))
        return "[a price](#prices)" if len(words) > 2 else " or ".join(words)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list: {_shape(schema.get('items', {}))}"
    if schema.get("pattern", "").startswith("^-?[0-9]"):
        return "decimal"
    return FORMS.get(schema.get("format", ""), FORMS.get(schema.get("type", ""), "text"))


def _named(name: str) -> str:
    if name in TITLES:
        anchor = re.sub(r"[^\w\s-]", "", TITLES[name].lower()).replace(" ", "-")
        return f"[{TITLES[name].split(':')[0].lower()}](#{anchor})"
    special = {"Cycle": "length", "Conventions": "[conventions](#conventions)", "Rounding": "[rounding](#conventions)"}
    return special.get(name, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def _default(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return "nothing"
    if isinstance(value, Noun):
        given = value.model_dump(mode="json", exclude_defaults=True)
        return f"`{json.dumps(given)}`" if given else "its defaults"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    words = re.sub(r"\bNone\b", "nothing", " ".join(text.split()))
    return re.sub(r"[,;] or nothing$", "", words.rstrip(".")).replace("|", "\\|")


def _conventions() -> str:
    """Each convention, its values with the default first, and which presets set it."""
    rows = []
    meanings = {name: meaning for name, _, _, meaning in fields(Policy)}
    schema, alias = Policy.model_json_schema(), aliases(convention)
    for name in Conventions.model_fields:
        shape = schema["properties"][name]
        shape = schema["$defs"][shape["$ref"].rsplit("/", 1)[1]] if "$ref" in shape else shape
        default = Conventions.model_fields[name].default
        meaning = alias.get(str(Conventions.__annotations__[name])) or meanings[name]
        rows.append(f"| `{name}` | {_shape(shape)} | {_default(default)} | {_cell(meaning)} | {_set_by(name)} |\n")
    head = "\nWhere there is more than one right way, the document says which; it is pinned on every invoice.\n\n"
    return head + "| convention | values | if left out | decides | set by |\n|---|---|---|---|---|\n" + "".join(rows)


def _set_by(name: str) -> str:
    return ", ".join(f"`{preset}`" for preset, made in PRESETS.items() if name in made.sets)


def aliases(module: ModuleType) -> dict[str, str]:
    """Name -> the words under it, of the module's named choices."""
    found = {}
    for node, after in pairwise(ast.parse(inspect.getsource(module)).body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[ast.unparse(node.targets[0])] = " ".join(str(after.value.value).split())
    return found


def _bases() -> str:
    said = (inspect.getdoc(Basis) or "").split("\n\n", 1)[1]
    rows = []
    for line in said.splitlines():
        name, meaning = line.split(": ", 1)
        rows.append(f"| `{Basis[name].value}` | {_cell(meaning)} |\n")
    return f"\n### Bases of proration\n\n| `proration_basis` | how days count |\n|---|---|\n{''.join(rows)}"


def _presets() -> str:
    head = (
        "\nA preset names conventions that go together; fields that are given besides it win. The presets of other\n"
        "engines reproduce the answers that those publish; they do not claim all that those engines do.\n\n"
        "| preset | sets | why |\n|---|---|---|\n"
    )
    rows = []
    for name, preset in PRESETS.items():
        sets = (
            ", ".join(f"`{field}: {_text(value)}`" for field, value in preset.sets.items()) or "nothing: the defaults"
        )
        rows.append(f"| `{name}` | {sets} | {_cell(preset.why)} |\n")
    return head + "".join(rows)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
