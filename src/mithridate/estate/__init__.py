"""The estate: facts from many files, rules as text, attack paths, exact cuts."""
