"""The condition of a guard is learnt from executions that violate and executions that do not (docs/architecture.md, "Repair")."""
