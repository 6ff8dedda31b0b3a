"""The formula language: its grammar, its functions, and what a formula compiles to.  (pure)"""
