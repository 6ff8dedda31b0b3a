"""Contracts of three lines to finalised, explained, stored invoices: billsync, the bare loop, and Tryton."""
