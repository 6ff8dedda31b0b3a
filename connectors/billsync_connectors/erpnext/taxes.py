"""ERPNext's taxes for the codes and rates of lines.  (shell)

A tax is a row of the document, with an account and a rate, and an item may have a rate of its own for that account by
its Item Tax Template.  So lines of several rates stand on one document: rows for all accounts that the lines' templates
name, at 0 % or at the rate of the one Sales Taxes and Charges Template that the document needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from billsync.connector import Refused
from billsync_connectors.erpnext.encoding import amount
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site

_ITEM: Final = "Item Tax Template"
_SALES: Final = "Sales Taxes and Charges Template"
_HUNDRED: Final = Decimal(100)
_NET: Final = "On Net Total"
_KEPT: Final = ("charge_type", "account_head", "description", "rate", "cost_center")


@dataclass(frozen=True, slots=True)
class Template:
    """One template.

    Attributes:
        rate: in percent, None where it is not one number.
        rows: account -> percent; of a template of sales, its rows stand in `taxes`.
    """

    name: str
    rate: Decimal | None
    rows: Mapping[str, Decimal]
    taxes: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The tax of one line: our code, its rate in percent, and the template that the mapping names."""

    code: str
    rate: Decimal
    named: str | None = None


class Taxes:
    """Finds taxes.  Raises `TryLater`, and `Refused` (`unknown_tax`) with what to do."""

    def __init__(self, session: Session, site: Site) -> None:
        self._session, self._site = session, site

    @cached_property
    def items(self) -> list[Template]:
        """Item Tax Templates of the company."""
        return [_item(row) for row in self._whole(_ITEM)]

    @cached_property
    def sales(self) -> list[Template]:
        """Sales Taxes and Charges Templates of the company."""
        return [_sale(row) for row in self._whole(_SALES)]

    def of(self, wanted: Sequence[Wanted]) -> tuple[list[str | None], list[dict[str, Any]]]:
        """For each line its Item Tax Template or None, and the rows of the document."""
        if not any(each.rate or each.named or each.code in self._site.settings.tax_codes for each in wanted):
            return [None] * len(wanted), []
        items = [self._item(each) for each in wanted]
        base = self._base([each for each, item in zip(wanted, items, strict=True) if item is None])
        for n, each in enumerate(wanted):
            if base is not None and items[n] is None and not each.rate:
                items[n] = self._none(base)
        rows = [{name: row[name] for name in _KEPT if row.get(name)} for row in (base.taxes if base else ())]
        heads = {str(row["account_head"]) for row in rows}
        more = sorted({head for item in items if item for head in item.rows} - heads)
        rows += [{"charge_type": _NET, "account_head": head, "description": head, "rate": Decimal(0)} for head in more]
        self._covered(items, base)
        return [item.name if item else None for item in items], rows

    def _item(self, wanted: Wanted) -> Template | None:
        """The Item Tax Template of a line; None where it takes what the document has."""
        name = wanted.named or self._site.settings.tax_codes.get(wanted.code)
        if name is not None:
            found = next((each for each in self.items if each.name == name), None)
            if found is None and not any(each.name == name for each in self.sales):
                hint = f"create it, or change tax_codes.{wanted.code} in the configuration"
                raise _unknown(f"ERPNext has no tax template {name}: {hint}")
            return found
        fitting = [each for each in self.items if each.rate == wanted.rate] if wanted.rate else []
        if len(fitting) > 1:
            raise _unknown(_several(wanted, fitting))
        return fitting[0] if fitting else None

    def _base(self, left: Sequence[Wanted]) -> Template | None:
        """The template of sales for the lines without one of their own; None where those are not taxed."""
        rates = {each.rate: each for each in left if each.rate}
        if len(rates) > 1:
            told = " and ".join(f"{_percent(rate)} %" for rate in sorted(rates))
            raise _unknown(f"one document has lines of {told}: create an Item Tax Template for each rate in ERPNext")
        named = {name for each in left if (name := each.named or self._site.settings.tax_codes.get(each.code))}
        if named:
            return next(each for each in self.sales if each.name in named)
        if not rates:
            return None
        [wanted] = rates.values()
        fitting = [each for each in self.sales if each.rate == wanted.rate]
        if len(fitting) != 1:
            raise _unknown(_several(wanted, fitting))
        return fitting[0]

    def _none(self, base: Template) -> Template:
        """The Item Tax Template that keeps an untaxed line free of the document's tax."""
        found = [each for each in self.items if each.rate == 0 and set(base.rows) <= set(each.rows)]
        if not found:
            heads = ", ".join(base.rows)
            raise _unknown(
                f"a line without tax stands beside taxed ones: create an Item Tax Template of 0 % for {heads}"
            )
        return found[0]

    @staticmethod
    def _covered(items: Sequence[Template | None], base: Template | None) -> None:
        for item in items:
            if item is not None and base is not None and not set(base.rows) <= set(item.rows):
                raise _unknown(
                    f"lines of {item.name} would be taxed by {base.name} too: "
                    f"create an Item Tax Template for {_percent(base.rate or Decimal(0))} % in its place"
                )

    def _whole(self, doctype: str) -> list[Row]:
        """The company's templates with their tables, which lists do not show; disabled ones left out."""
        company = [["company", "=", self._site.company["name"]]]
        names = [str(row["name"]) for page in self._session.all(doctype, [], company) for row in page]
        found = [self._session.get(doctype, name) for name in names]
        return [row for row in found if row is not None and not row.get("disabled")]


def _item(row: Row) -> Template:
    rows = {str(tax["tax_type"]): amount(tax.get("tax_rate")) for tax in row.get("taxes", [])}
    rates = {rate for rate in rows.values() if rate} or {Decimal(0)}
    return Template(str(row["name"]), rates.pop() if len(rates) == 1 else None, rows)


def _sale(row: Row) -> Template:
    taxes = list(row.get("taxes", []))
    plain_ones = all(tax.get("charge_type") == _NET and not tax.get("included_in_print_rate") for tax in taxes)
    rows = {str(tax["account_head"]): amount(tax.get("rate")) for tax in taxes}
    return Template(str(row["name"]), sum(rows.values(), Decimal(0)) if plain_ones else None, rows, taxes)


def _several(wanted: Wanted, fitting: Sequence[Template]) -> str:
    found = f"several templates ({', '.join(each.name for each in fitting)})" if fitting else "no template"
    hint = f"name the one for {wanted.code or 'it'} under tax_codes in the configuration"
    return f"ERPNext has {found} for a tax of {_percent(wanted.rate)} %: {'' if fitting else 'create one, or '}{hint}"


def _unknown(message: str) -> Refused:
    return Refused("unknown_tax", message, field="tax_code")


def _percent(rate: Decimal) -> str:
    return format(rate.normalize(), "f")
