"""Tiny valid samples of many formats, made by our own code, for programs whose project ships none."""

from mithridate.languages.seeds.library import format_samples, relevant

__all__ = ["format_samples", "relevant"]
