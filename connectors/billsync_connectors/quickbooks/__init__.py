"""QuickBooks Online: the stand-in that plays it, beside the connector; neither knows the other's code.  (shell)"""
