"""Who proposes patches: one file per class of flaw, known by name in `registry`."""
