"""Source files as functions and their statements, alike for all languages, so that two versions of a file can be compared."""
