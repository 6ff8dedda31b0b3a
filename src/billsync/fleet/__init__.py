"""Runs on the engine: any process that works may carry one out, go on with one, or help with it.  (shell)"""
