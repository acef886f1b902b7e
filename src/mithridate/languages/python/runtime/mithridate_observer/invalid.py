"""What is said about a document that cannot be run."""


class Invalid(Exception):
    """The document is malformed or describes something that cannot be made; whoever wrote it is at fault, not the target."""
