"""Payments settle invoices: what a payment covers, where an invoice then stands, what a CRM is told.  (pure)"""
