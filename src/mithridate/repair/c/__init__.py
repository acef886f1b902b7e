"""C and C++ sources as repair sees them: functions, statements, bad accesses, variables in scope, ways to fail, and edits."""
