"""The conformance kit: what a connector must keep to, as tests for anybody's connector.  (shell)

`subject.py` is what the maker of a connector writes against, `rules/` what is tried, `plugin.py` the door to pytest:
`pytest --pyargs billsync.conformance --connector NAME`.  docs/reference/conformance.md explains each rule.
"""
