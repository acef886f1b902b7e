"""Ways into a target: one file per kind."""
