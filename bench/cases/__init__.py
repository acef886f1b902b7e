"""Published flaws: lay out their trees, scan them, score the scans."""
