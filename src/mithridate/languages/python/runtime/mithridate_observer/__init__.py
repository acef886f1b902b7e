"""Runs input documents in the target's own interpreter and tells what reached a sink (docs/input-document.md)."""
