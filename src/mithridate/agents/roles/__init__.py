"""One module a role: what it is told, which tools it has, and the shape of its answer."""
