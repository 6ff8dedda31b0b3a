"""NetSuite: the stand-in that plays it, beside the connector to it; neither knows the other's code.  (shell)"""
