"""Every problem code with its meaning: the one list that docs/reference/problems.md is made from.  (pure)

A code is `AREA-NOUN-NN` and is never used again for something else.
"""

from __future__ import annotations

from typing import Final

CODES: Final[dict[str, str]] = {
    # Reading files and answers
    "READ-FILE-01": "the file cannot be read",
    "READ-FILE-02": "the file is empty where a header or a record was expected",
    "READ-TEXT-01": "the text is not UTF-8, or holds a NUL byte or a lone surrogate",
    "READ-JSON-01": "the text is not valid JSON",
    "READ-JSON-02": "the JSON holds a value that would be lost: NaN, an endless number, a duplicate key",
    "READ-CSV-01": "the header of the CSV file is not usable",
    "READ-CSV-02": "a row of the CSV file does not fit its header",
    "READ-KEY-01": "the record has no key, or one that another record of the same file has",
    "READ-SIZE-01": "a record or a field is larger than the limit",
    "READ-GONE-01": "many records vanished at once: nothing was deleted",
    # YAML and configuration
    "YAML-SYNTAX-01": "the YAML cannot be parsed",
    "YAML-KEY-01": "the same key stands twice",
    "YAML-KEY-02": "a key that is not known here",
    "YAML-KEY-03": "a key that is needed is missing",
    "YAML-VALUE-01": "a value of another type or form was expected",
    "YAML-SIZE-01": "the file is larger, deeper or has more aliases than the limit",
    "CONF-NAME-01": "a name that nothing else in the configuration defines",
    "CONF-SECRET-01": "a secret is written into the file, or its reference leads nowhere",
    "CONF-PLUGIN-01": "a connector is not installed or does not load",
    # Billing
    "BILL-DEAL-01": "the deal cannot be billed as it stands",
    "BILL-DEAL-02": "the deal's customer is not there (yet)",
    "BILL-DEAL-03": "the deal changed after it was billed",
    "BILL-DEAL-04": "the deal is gone after it was billed",
    "BILL-LINE-01": "a line of the deal cannot be billed as it stands",
    "BILL-TAX-01": "no rate is known for the tax code on that day",
    "BILL-MONEY-01": "an amount does not fit its currency",
    # Payments
    "CASH-PAYMENT-01": "the payment belongs to no invoice of ours",
    "CASH-PAYMENT-02": "the payment is larger than what is open",
    "CASH-PAYMENT-03": "the payment is in another currency than the invoice",
    "CASH-PAYMENT-04": "the payment's amount is not above zero, or does not fit its currency",
    # Push
    "PUSH-REFUSED-01": "the outside system refused the write",
    "PUSH-REVIEW-01": "the outcome of a write cannot be known without a person",
    "PUSH-REVIEW-02": "what the outside system holds differs from what was sent",
    "PUSH-MAP-01": "the document cannot be mapped to what the outside system takes",
}
