"""The octets engine: mutates bytes and text that functions of native code are given, guided by its coverage.

mutation   one input from others
inputs     where data goes in a call, and the data to begin with
engine     runs slices: batches of input documents with many calls each, and what is kept of them
"""

from mithridate.hunt.engines.octets.engine import OctetsEngine

__all__ = ["OctetsEngine"]
