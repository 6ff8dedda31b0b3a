"""Text from outside, read strictly: JSON and YAML that lose nothing and say where a fault is.  (pure)"""
