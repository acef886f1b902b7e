"""Injection and weak practices in Python code, measured on labelled cases against other tools."""
