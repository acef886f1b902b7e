"""Proposers for Python: one class of flaw a file, by root cause, with libcst and without a model."""
