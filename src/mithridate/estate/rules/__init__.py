"""Rules as text: their syntax tree, their reader, and what is said about mistakes in them."""
