"""What people ask of mappings: tests, previews, coverage, comparison, fixtures, help for editors.  (pure)"""
