"""Syntactic confinement: attacker data must stay inside one literal of the language that its sink interprets (DESIGN.md §4)."""
