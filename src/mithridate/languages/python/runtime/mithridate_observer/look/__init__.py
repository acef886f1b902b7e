"""`run.py look`: what can be imported and entered, found by reading first and confirmed by importing."""
