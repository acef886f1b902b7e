"""Who proposes patches: one file a class of flaw, and a registry."""
