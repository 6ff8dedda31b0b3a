"""What each database has from the first day.  (pure)"""

from __future__ import annotations

from typing import Any, Final

_COUNTRIES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM
KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY
MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE
SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UY UZ VA VC
VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
"""Codes of the countries beside Germany and the United States; here they are called by them."""
FIRST: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("base.EUR", "res.currency", {"name": "EUR", "symbol": "€", "decimal_places": 2, "rounding": "0.01"}),
    ("base.USD", "res.currency",
     {"name": "USD", "symbol": "$", "decimal_places": 2, "rounding": "0.01", "rate": "1.08"}),
    ("base.GBP", "res.currency",
     {"name": "GBP", "symbol": "£", "decimal_places": 2, "rounding": "0.01", "rate": "0.85"}),
    ("base.JPY", "res.currency", {"name": "JPY", "symbol": "¥", "decimal_places": 0, "rounding": 1, "rate": 163}),
    ("base.KWD", "res.currency",
     {"name": "KWD", "symbol": "KD", "decimal_places": 3, "rounding": "0.001", "rate": "0.33"}),
    ("base.main_company", "res.company", {"name": "My Company", "currency_id": 1}),
    ("base.de", "res.country", {"name": "Germany", "code": "DE"}),
    ("base.us", "res.country", {"name": "United States", "code": "US"}),
    *((f"base.{code.lower()}", "res.country", {"name": code, "code": code}) for code in _COUNTRIES.split()),
    ("base.main_partner", "res.partner", {"name": "My Company", "is_company": True}),
    ("base.user_root", "res.users", {"name": "OdooBot", "login": "__system__", "partner_id": 1, "active": False}),
    ("base.user_admin", "res.users", {"name": "billsync", "login": "billsync", "partner_id": 1}),
    ("account.1_receivable", "account.account",
     {"code": "121000", "name": "Account Receivable", "account_type": "asset_receivable"}),
    ("account.1_tax_received", "account.account",
     {"code": "251000", "name": "Tax Received", "account_type": "liability_current"}),
    ("account.1_income", "account.account", {"code": "400000", "name": "Product Sales", "account_type": "income"}),
    ("account.1_bank", "account.account", {"code": "101401", "name": "Bank", "account_type": "asset_cash"}),
    ("account.1_difference", "account.account", {"code": "658000", "name": "Differences", "account_type": "expense"}),
    ("account.1_sale", "account.journal", {"name": "Customer Invoices", "code": "INV", "type": "sale"}),
    ("account.1_purchase", "account.journal", {"name": "Vendor Bills", "code": "BILL", "type": "purchase"}),
    ("account.1_bank_journal", "account.journal", {"name": "Bank", "code": "PBNK1", "type": "bank"}),
    ("account.1_general", "account.journal", {"name": "Miscellaneous Operations", "code": "MISC", "type": "general"}),
    ("account.1_sale_tax_19", "account.tax", {"name": "19%", "amount": 19}),
    ("account.1_sale_tax_7", "account.tax", {"name": "7%", "amount": 7}),
    ("account.1_sale_tax_0", "account.tax", {"name": "0%", "amount": 0}),
    ("account.1_sale_tax_20", "account.tax", {"name": "20%", "amount": 20}),
    ("account.1_sale_tax_8875", "account.tax", {"name": "8.875%", "amount": "8.875"}),
    ("account.1_sale_tax_19_in", "account.tax", {"name": "19% incl.", "amount": 19, "price_include": True}),
    ("account.1_sale_tax_fixed", "account.tax", {"name": "Fee 0.50", "amount": "0.5", "amount_type": "fixed"}),
    ("account.account_payment_term_immediate", "account.payment.term", {"name": "Immediate Payment"}),
    ("account.account_payment_term_30days", "account.payment.term",
     {"name": "30 Days", "line_ids": [[0, 0, {"nb_days": 30}]]}),
)  # fmt: skip
"""External id, model, values; ids come out in this order, from 1."""
