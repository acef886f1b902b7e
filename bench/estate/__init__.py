"""Estates: is the solver right, how fast is it, how far does it reach."""
