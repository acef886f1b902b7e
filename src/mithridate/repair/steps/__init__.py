"""The steps of the gate, one module each; see gate.py for their order."""
