"""One file a format; see interface.py."""
