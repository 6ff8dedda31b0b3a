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
    "READ-CSV-03": "a quoted cell of the CSV file is not closed",
    "READ-KEY-01": "the record has no key, or one that another record of the same file has",
    "READ-SIZE-01": "a record or a field is larger than the limit",
    "READ-GONE-01": "many records vanished at once: nothing was deleted",
    "READ-DRIFT-01": "many records changed their form at once: none of them was taken",
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
    "CONF-PLUGIN-02": "a connector cannot work with its settings",
    # Mappings: the file
    "MAP-NAME-01": "the mapping's name, source or target cannot be used",
    "MAP-FIELD-01": "a field that neither the record nor the document has",
    "MAP-FIELD-02": "a field that the document needs is never written",
    "MAP-FIELD-03": "the keys of a field do not fit together, or do not fit the field",
    "MAP-FIELD-04": "a name in a formula means another field of the mapping, and the record has one of that name too",
    "MAP-TABLE-01": "a lookup table that the mapping does not define",
    "MAP-TABLE-02": "the file of a lookup table cannot be used",
    "MAP-TABLE-03": "a lookup table that nothing uses",
    "MAP-FORMULA-01": "the formula cannot be read",
    "MAP-FORMULA-02": "a function that does not exist, or takes other values",
    "MAP-FORMULA-03": "an operator or function gets a kind of value that it does not work on",
    "MAP-FORMULA-04": "the formula is longer or deeper than the limit",
    "MAP-CASE-01": "a condition that is always the same, or an arm that is never reached",
    "MAP-CYCLE-01": "fields or mappings need each other in a circle",
    "MAP-FN-01": "a function of a package that is not installed or cannot be used",
    "MAP-TEST-01": "a test of the mapping cannot be run as it is written",
    # Mappings: the record
    "MAP-KEY-01": "the record or an entry has no key, or two entries have the same",
    "MAP-VALUE-01": "a value cannot be read as what the field asks for",
    "MAP-VALUE-02": "a formula cannot be computed for the record",
    "MAP-LOOKUP-01": "a value is not in its lookup table (yet)",
    "MAP-LOOKUP-02": "a value is none of those that the lookup table allows",
    "MAP-FN-02": "a function of a package failed, or gave a value of another kind than it says",
    "MAP-REF-01": "a record that is referred to is not known (yet)",
    "MAP-DOC-01": "the document does not take the value",
    "MAP-DOC-02": "a field that the document needs has no value",
    "MAP-GROUP-01": "a field that may differ inside a group is read as if it were one value",
    # Billing
    "BILL-DEAL-01": "the deal cannot be billed as it stands",
    "BILL-DEAL-02": "the deal's customer is not there (yet)",
    "BILL-DEAL-03": "the deal changed after it was billed",
    "BILL-DEAL-04": "the deal is gone after it was billed",
    "BILL-DEAL-05": "the deal is in another currency than it was billed in",
    "BILL-LINE-01": "a line of the deal cannot be billed as it stands",
    "BILL-TAX-01": "no rate is known for the tax code on that day",
    "BILL-MONEY-01": "an amount does not fit its currency",
    # Payments
    "CASH-PAYMENT-01": "the payment belongs to no invoice of ours",
    "CASH-PAYMENT-02": "the payment is larger than what is open",
    "CASH-PAYMENT-03": "the payment is in another currency than the invoice",
    "CASH-PAYMENT-04": "the payment's amount is not above zero, or does not fit its currency",
    "CASH-PAYMENT-05": "two records tell the payment differently",
    "CASH-PAYMENT-06": "the payment was taken back after it was sent, and cannot be taken back there",
    "CASH-REFUND-01": "the payment that the refund takes back has not come",
    "CASH-REFUND-02": "more went back than came in",
    "CASH-REFUND-03": "the refund is in another currency than its payment",
    "CASH-REFUND-04": "the refund's amount is not above zero, or does not fit its currency",
    "CASH-REFUND-05": "two records tell the refund differently",
    "CASH-REFUND-06": "the refund was taken back after it was sent, and cannot be taken back there",
    # Push
    "PUSH-REFUSED-01": "the outside system refused the write",
    "PUSH-REVIEW-01": "the outcome of a write cannot be known without a person",
    "PUSH-REVIEW-02": "what the outside system holds differs from what was sent",
    "PUSH-PARKED-01": "nothing is sent to the connection until a person has looked",
    "PUSH-WAIT-01": "a write waits for another that was never planned",
    "PUSH-MAP-01": "the document cannot be mapped to what the outside system takes",
    # After an older backup
    "RECOVER-NUMBER-01": "a document there carries a number of ours that the books do not know",
    "RECOVER-NUMBER-02": "more than one document there carries a number of ours that the books do not know",
    "RECOVER-LIST-01": "the system cannot list its documents, so that they cannot be compared",
}
