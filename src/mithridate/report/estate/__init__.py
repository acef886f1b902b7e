"""Answers to questions about an estate, in the formats that people and machines read."""
