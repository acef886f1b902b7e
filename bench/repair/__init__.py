"""How many proved flaws get a patch that passes the gate, how large it is beside the published one, and what the gate stopped."""
