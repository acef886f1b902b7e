"""XPath, LDAP, regular expressions, templates and Python code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent

VERSIONS = ["1.0", "2.0"]
QUERY = "//user[name='{}' and pass='x']/text()"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("value", ["x' or '1'='1", "x'] | //pass | //a[b='", "x'", "' or true() or '"])
def test_xpath_data_that_ends_its_literal_escapes(judged, version, value):
    found = judged(Sink.XPATH, QUERY.format(f"⟨{value}⟩"), QUERY.format("⟨amy⟩"), dialect=version)
    assert found.kind is ViolationKind.XPATH_INJECTION


@pytest.mark.parametrize("version", VERSIONS)
@given(value=st.text())
def test_xpath_text_without_the_quote_around_it_is_never_an_escape(judged, version, value):
    single, double = value.replace("'", ""), value.replace('"', "")
    assert judged(Sink.XPATH, QUERY.format(f"⟨{single}⟩"), QUERY.format("⟨amy⟩"), dialect=version) is None
    assert judged(Sink.XPATH, f'//a[@b="⟨{double}⟩"]', '//a[@b="⟨amy⟩"]', dialect=version) is None


def test_xpath_variables_doubled_quotes_and_single_names_are_confined(judged):
    assert judged(Sink.XPATH, "//user[name=$name]", QUERY.format("⟨amy⟩")) is None
    assert judged(Sink.XPATH, QUERY.format("⟨it''s⟩"), QUERY.format("⟨amy⟩"), dialect="2.0") is None
    assert judged(Sink.XPATH, "//⟨name⟩/a", "//⟨user⟩/a") is None
    assert judged(Sink.XPATH, "//⟨name[1]/b⟩/a", "//⟨user⟩/a") is not None
    assert judged(Sink.XPATH, QUERY.format("⟨X' OR '1'='1⟩"), QUERY.format("⟨amy⟩"), case=str.upper) is not None


FILTERS = "(&(uid={})(mail=*@x.org))"
ESCAPES = str.maketrans({c: f"\\{ord(c):02x}" for c in "\\*()\0"})


@pytest.mark.parametrize("value", ["*", "x)(uid=y", "x))(|(a=b", "a*b", "x)"])
def test_ldap_filter_characters_escape(judged, value):
    found = judged(Sink.LDAP, FILTERS.format(f"⟨{value}⟩"), FILTERS.format("⟨amy⟩"), dialect="filter")
    assert found.kind is ViolationKind.LDAP_INJECTION


@given(value=st.text())
def test_escaped_ldap_filter_values_are_never_an_escape(judged, value):
    attack = FILTERS.format(f"⟨{value.translate(ESCAPES)}⟩")
    assert judged(Sink.LDAP, attack, FILTERS.format("⟨amy⟩"), dialect="filter") is None
    assert judged(Sink.LDAP, attack, dialect="filter") is None


def test_ldap_values_hold_operators_and_the_programs_own_asterisks(judged):
    assert judged(Sink.LDAP, "(uid=*⟨a=b & c | d!⟩*)", "(uid=*⟨amy⟩*)", dialect="filter") is None
    assert judged(Sink.LDAP, "(⟨mail⟩=x)", "(⟨uid⟩=x)", dialect="filter") is None
    assert judged(Sink.LDAP, "(⟨mail=*)(uid⟩=x)", "(⟨uid⟩=x)", dialect="filter") is not None


@pytest.mark.parametrize("value", ["x,dc=evil", "x+a=b", "x;a=b"])
def test_ldap_name_separators_escape(judged, value):
    assert (
        judged(Sink.LDAP, f"cn=⟨{value}⟩,dc=x,dc=org", "cn=⟨amy⟩,dc=x,dc=org", dialect="dn").kind is ViolationKind.LDAP_INJECTION
    )


@given(value=st.text())
def test_escaped_ldap_name_values_are_never_an_escape(judged, value):
    safe = re.sub(r'([,+"\\<>;=#])', r"\\\1", value)
    assert judged(Sink.LDAP, f"cn=⟨{safe}⟩,dc=x", "cn=⟨amy⟩,dc=x", dialect="dn") is None
    assert judged(Sink.LDAP, f"cn=⟨{safe}⟩,dc=x", dialect="dn") is None


@pytest.mark.parametrize(
    "value", [".*", "a|b", "(a+)+", "[ab]", "a(?=b)", "(?:a|b)", "a(?P<n>b)", "a{2,3}", "\\d", "^", "a(", "[a"]
)
def test_operators_in_a_pattern_escape(judged, value):
    found = judged(Sink.REGEX, f"^id-⟨{value}⟩$", "^id-⟨amy⟩$")
    assert found.kind is ViolationKind.REGEX_INJECTION


@given(value=st.text())
def test_escaped_patterns_are_never_an_escape(judged, value):
    attack = f"(?:x|⟨{re.escape(value)}⟩+)[0-9]"
    assert judged(Sink.REGEX, attack, "(?:x|⟨amy⟩+)[0-9]") is None
    assert judged(Sink.REGEX, attack) is None


def test_a_pattern_of_the_programs_around_the_data_is_its_own(judged):
    assert judged(Sink.REGEX, "(⟨a⟩)+.*") is None
    assert judged(Sink.REGEX, "⟨a.c⟩", "⟨b.d⟩") is None
    assert judged(Sink.REGEX, "⟨a.c⟩(", "⟨b⟩") is None
    assert judged(Sink.REGEX, "⟨A.C⟩", "⟨b⟩", case=str.upper) is not None


TEMPLATES = {
    "jinja2": ["{{ 7*7 }}", "{% for a in b %}{% endfor %}", "{{"],
    "mako": ["${7*7}", "<% x = 1 %>", "\n% if x:\n", "<%include file='x'/>"],
    "django": ["{{ a.b }}", "{% debug %}"],
    "format": ["{0}", "{user.__class__}", "{", "{a!r:>{b}}"],
}


@pytest.mark.parametrize(("dialect", "value"), [(d, v) for d, values in TEMPLATES.items() for v in values])
def test_constructs_in_template_text_escape(judged, dialect, value):
    found = judged(Sink.TEMPLATE, f"Hello ⟨a{value}b⟩!", "Hello ⟨amy⟩!", dialect=dialect)
    assert found.kind is ViolationKind.TEMPLATE_INJECTION


@pytest.mark.parametrize("dialect", TEMPLATES)
@given(value=st.text(st.characters(blacklist_characters="{}%$#<")))
def test_text_without_delimiters_is_never_an_escape(judged, dialect, value):
    template = "{{{{ x }}}} ⟨{}⟩" if dialect != "mako" else "${{x}} ⟨{}⟩"
    assert judged(Sink.TEMPLATE, template.format(value), template.format("amy"), dialect=dialect) is None
    assert judged(Sink.TEMPLATE, template.format(value), dialect=dialect) is None


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("jinja2", "{{ '⟨a } b⟩' }}"),
        ("jinja2", "{# ⟨a b⟩ #}{{ x }}"),
        ("jinja2", "{% raw %}⟨{{ a }}⟩{% endraw %}"),
        ("mako", "${ f('⟨a b⟩') }"),
        ("mako", "## ⟨a b⟩\n"),
        ("mako", "⟨100 % of $5⟩"),
        ("django", "{# ⟨a b⟩ #}"),
        ("format", "{{⟨a⟩}} {}"),
        ("format", "⟨{{a}}⟩ {}"),
        ("other", "⟨{{a}}⟩"),
    ],
)
def test_template_literals_comments_and_escaped_delimiters_confine(judged, dialect, text):
    assert judged(Sink.TEMPLATE, text, dialect=dialect) is None


def test_a_string_in_a_template_expression_is_left_by_its_quote(judged):
    assert judged(Sink.TEMPLATE, "{{ '⟨a' ~ b ~ 'c⟩' }}", "{{ '⟨a⟩' }}", dialect="jinja2") is not None
    assert judged(Sink.TEMPLATE, "${ f('⟨a' + b + 'c⟩') }", "${ f('⟨a⟩') }", dialect="mako") is not None


@pytest.mark.parametrize("value", ["x', __import__('os'), '", "x'", "' + y + '", "x');f('"])
def test_code_data_that_ends_its_string_escapes(judged, value):
    found = judged(Sink.CODE, f"greet('⟨{value}⟩')", "greet('⟨amy⟩')", dialect="exec")
    assert found.kind is ViolationKind.CODE_INJECTION


@pytest.mark.parametrize("value", ["f(1)", "a.b", "1+1", "[x for x in y]", "a; b", "a\nb", "lambda: 1", "'a'.b"])
def test_code_that_is_more_than_a_name_escapes(judged, value):
    assert judged(Sink.CODE, f"⟨{value}⟩", "⟨amy⟩", dialect="eval") is not None
    assert judged(Sink.CODE, f"⟨{value}⟩", dialect="eval") is not None


@given(value=st.text())
def test_code_with_repr_is_never_an_escape(judged, value):
    attack = "greet(" + repr(f"⟨{value}⟩") + ", 1)\n"
    assert judged(Sink.CODE, attack, "greet('⟨amy⟩', 1)\n", dialect="exec") is None
    assert judged(Sink.CODE, attack, dialect="exec") is None


@pytest.mark.parametrize(
    "text",
    [
        "⟨name⟩",
        "x = ⟨a⟩, ⟨b⟩",
        "namedtuple(⟨a, b⟩)",
        "'''⟨a\n\"b\" 'c'⟩'''",
        "# ⟨f(1)⟩\nx",
        "f'⟨{{a}}⟩'",
        "b'⟨a b⟩'",
        "r'⟨a\\b⟩'",
    ],
)
def test_code_names_strings_and_comments_confine(judged, text):
    assert judged(Sink.CODE, text, text, dialect="exec") is None
    assert judged(Sink.CODE, text, dialect="exec") is None


def test_fields_of_formatted_strings_are_code(judged):
    assert judged(Sink.CODE, "f'⟨a {f()} b⟩ {own}'", "f'⟨a⟩ {own}'", dialect="eval") is not None
    assert judged(Sink.CODE, "f'{own} ⟨a⟩ {own}'", dialect="eval") is None


def test_a_lone_return_ends_a_comment(judged):
    assert judged(Sink.CODE, "# ⟨a\rimport os⟩\n", "# ⟨a⟩\n", dialect="exec") is not None


def test_code_that_a_template_engine_made_of_a_template_is_not_the_attackers(judged):
    made = "def root():\n    yield 'Hello ⟨'\n    yield str(7 * 7)\n    yield '⟩'\n"
    sent = Sent(("\ue000\ue100{{7*7}}\ue001\ue100",))
    assert judged(Sink.CODE, made, "def root():\n    yield 'Hello ⟨a⟩'\n", dialect="exec", sent=sent) is None


HOSTILE = [
    "(" * 60_000,
    "'" * 60_001,
    "[" * 60_000,
    " " * 60_000,
    "\0" * 60_000,
    "a " * 30_000,
    "(:" * 4_000,
    "\\" * 60_001,
    "a''" * 20_000,
]
GRAMMARS = [
    (Sink.SQL, "sqlite"),
    (Sink.SQL, ""),
    (Sink.XPATH, "1.0"),
    (Sink.XPATH, "2.0"),
    (Sink.LDAP, "filter"),
    (Sink.LDAP, "dn"),
    (Sink.REGEX, ""),
    (Sink.CODE, "exec"),
    (Sink.XML, ""),
    (Sink.SHELL, "sh"),
    *((Sink.TEMPLATE, d) for d in TEMPLATES),
    (Sink.PATH, ""),
    (Sink.REQUEST, ""),
    (Sink.REDIRECT, ""),
    (Sink.HEADER, ""),
    (Sink.COMMAND, ""),
]


@pytest.mark.parametrize(("sink", "dialect"), GRAMMARS)
def test_hostile_texts_are_survived_in_time(judged, sink, dialect):
    for text in HOSTILE:
        judged(sink, f"x '⟨a' {text}⟩'", "x '⟨a⟩'", dialect=dialect)
        judged(sink, f"{text}⟨a⟩", "⟨a⟩", dialect=dialect)
