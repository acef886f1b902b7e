"""Patches: proposers suggest them, the gate judges them. A proposer never judges its own patch."""
