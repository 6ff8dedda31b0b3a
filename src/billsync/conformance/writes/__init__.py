"""The write half of the conformance kit: what a connector that writes has to keep to.  (shell)

`subject.py` is what the maker of a connector writes against, `rules/` what is tried.
"""
