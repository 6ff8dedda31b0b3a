"""ERPNext: for now the stand-in, and what starts it.  (shell)"""
