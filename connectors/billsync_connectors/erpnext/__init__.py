"""ERPNext (15 and later) over Frappe's REST API: customers, items, invoices, credit notes, payments.  (shell)"""
