"""Words for what attacker data does at a sink, and for weak practices: the kinds that doors with an observer show."""

from collections.abc import Sequence

from mithridate.model.violation import ViolationKind

_K = ViolationKind

EFFECTS = {
    _K.SQL_INJECTION: "leaves its place in the SQL statement that {place} runs",
    _K.SHELL_INJECTION: "leaves its word in the shell command that {place} runs",
    _K.ARGUMENT_INJECTION: "becomes an option or a further argument of the command that {place} runs",
    _K.PATH_TRAVERSAL: "leads {place} to a path outside the directory that it works in",
    _K.CROSS_SITE_SCRIPTING: "becomes markup or script of the page that {place} sends",
    _K.HEADER_INJECTION: "leaves its header in the answer that {place} sends",
    _K.OPEN_REDIRECT: "chooses the host that {place} redirects to",
    _K.REQUEST_FORGERY: "chooses the host that {place} connects to",
    _K.XPATH_INJECTION: "leaves its literal in the XPath expression that {place} evaluates",
    _K.LDAP_INJECTION: "leaves its value in the LDAP filter or name that {place} looks up",
    _K.REGEX_INJECTION: "becomes syntax of the regular expression that {place} compiles",
    _K.LOG_INJECTION: "begins an entry of its own in the log that {place} writes",
    _K.TEMPLATE_INJECTION: "becomes syntax of the template that {place} renders",
    _K.XML_INJECTION: "becomes markup of the XML document that {place} makes",
    _K.EXTERNAL_ENTITY: "makes the XML parser that {place} calls resolve an external entity",
    _K.CODE_INJECTION: "leaves its literal in the code that {place} executes",
    _K.UNSAFE_DESERIALISATION: "chooses the type that {place} creates while it deserialises",
    _K.UNTRUSTED_IMPORT: "chooses the module that {place} imports",
    _K.ARCHIVE_TRAVERSAL: "leads {place} to write a member of an archive outside the directory that it extracts to",
    _K.SUPERLINEAR_TIME: "keeps {place} busy for a time that grows faster than the input's length",
}
"""What the attacker's data does; its subject is named by `subject`."""

FACTS = {
    _K.TRUST_BOUNDARY: "puts what a user sent into the session, where other code takes it for trusted",
    _K.WEAK_HASH: "computes a hash that is known to be weak",
    _K.WEAK_CIPHER: "encrypts with a cipher that is known to be weak",
    _K.WEAK_RANDOM: "takes numbers from a generator that can be predicted",
    _K.INSECURE_COOKIE: "sets a cookie without a flag that would protect it",
}
"""What the code was seen doing."""

STEERED = {
    1: "What was measured is that the input stops or stalls the program, or makes it go on with a wrong value.",
    2: "Where or how much memory is touched was not seen to follow the input.",
    3: "Marked inputs showed that the attacker chooses what is read or asked for.",
    4: "Marked inputs showed that the attacker changes the structure of what is read there, or chooses what is written.",
    5: "Marked inputs showed that the attacker chooses what is executed.",
}
"""The tier of control, as measured through a door with an observer."""


def subject(carriers: Sequence[str]) -> str:
    """`what is sent in the form field `name` and the cookie `id``."""
    if not carriers:
        return "the input"
    *first, last = carriers
    return f"what is sent in {', '.join(first)} and {last}" if first else f"what is sent in {last}"
