"""Charges become invoices: grouped, taxed, dated, numbered, explained.  (pure)

Owns: the rules (`policy`), windows (`window`), tax (`tax`), drafts (`draft`), numbers (`numbering`), words (`explain`).
Does not own: what is owed (billing), who keeps the counters of numbers (the store), what was paid (cash).
"""
