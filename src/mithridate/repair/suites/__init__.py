"""A project's own tests: how each kind of suite is recognised, run in the sandbox, and read."""
