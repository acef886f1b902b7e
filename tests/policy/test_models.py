"""The owner's list of models, what the scope discloses, and what is taken out."""

import time
from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.model.exchange import DataClass, Role
from mithridate.policy.providers import load, read
from mithridate.policy.redaction import redact
from mithridate.policy.scope import parse

LIST = """\
order = ["a"]
[provider.a]
kind = "openai-compatible"
model = "m"
operator = "us"
jurisdiction = "here"
retention = "none"
may_see = ["names"]
address = "http://127.0.0.1:1/v1"
eur_per_million_input = 1.0
eur_per_million_output = 2.0
"""
SCOPE = """\
owner = "us"
until = 2099-12-31
models = ["a", "b"]
[disclose]
a = ["names", "proofs"]
[what]
path = "."
[attestation]
sentence = "s"
attested_by = "me"
date = 2026-01-01
"""


def test_the_example_is_a_list() -> None:
    models = read(load(Path(__file__).parents[2] / "examples" / "models" / "models.toml"), "it")
    assert models.works(Role.HUNTER) and models.order_for(Role.HUNTER) == ("local",) and models.provider["local"].free


def test_a_role_may_have_an_order_of_its_own() -> None:
    models = read(LIST + '[role.hunter]\nproviders = []\n[role.refuter]\nproviders = ["a"]\n', "it")
    assert (models.order_for(Role.HUNTER), models.order_for(Role.REFUTER), models.order_for(Role.RANKER)) == ((), ("a",), ("a",))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('may_see = ["names"]', 'may_see = ["everything"]', "provider.a.may_see"),
        ('address = "http://127.0.0.1:1/v1"\n', "", "`address`"),
        ("http://", "file://", "http://"),
        ("127.0.0.1:1/v1", ":1/v1", "`address`"),
        ("127.0.0.1:1/v1", "127.0.0.1:x/v1", "`address`"),
        ("127.0.0.1", "sk-a-key@127.0.0.1", "user name"),
        ("127.0.0.1:1/v1", "127.0.0.1:1/v1?key=sk-1", "without ?"),
        ('model = "m"', 'model = "m"\nproxy = "socks5://127.0.0.1:1"', "`proxy`"),
        ('kind = "openai-compatible"', 'kind = "bedrock"\nregion = "eu-west-1"', "`key_env`"),
        ('kind = "openai-compatible"', 'kind = "bedrock"\nkey_env = "K"', "`region`"),
        ('kind = "openai-compatible"', 'kind = "bedrock"\nkey_env = "K"\nregion = "x.evil.example/"', "`region`"),
        ('kind = "openai-compatible"\nmodel = "m"', 'kind = "azure"\nkey_env = "K"\nmodel = "m"\napi_version = "1"', "takes no"),
        ('kind = "openai-compatible"', 'kind = "mistral"\nkey_env = "K"\nidempotent = true', "Idempotency-Key"),
        ('kind = "openai-compatible"', 'kind = "openai"', "`key_env`"),
        ('model = "m"', 'model = "m"\nkey_env = "sk-proj-1234"', "never the key"),
        ('model = "m"', 'model = "m"\nsecret = "x"', "secret"),
        ("eur_per_million_input = 1.0", "eur_per_million_input = -1.0", "eur_per_million_input"),
        ("eur_per_million_input = 1.0\n", "", "eur_per_million_input"),
        ('order = ["a"]', 'order = ["b"]', "provider.b"),
        ('order = ["a"]', 'order = ["a"', "line"),
        ('order = ["a"]', 'order = ["a"]\nx = ' + "[" * 3000, "nested"),
        ("[provider.a]", "[budget]\neur = -1\n[provider.a]", "budget.eur"),
    ],
)
def test_a_mistake_in_the_list_is_one_sentence_that_names_it(old: str, new: str, named: str) -> None:
    assert old in LIST
    with pytest.raises(UsageError) as told:
        read(LIST.replace(old, new), "the file")
    assert named in str(told.value) and str(told.value).startswith("the file") and "\n" not in str(told.value)


def test_azure_needs_a_version_where_its_address_has_none() -> None:
    azure = LIST.replace('kind = "openai-compatible"', 'kind = "azure"\nkey_env = "K"').replace(":1/v1", ":1")
    with pytest.raises(UsageError, match="`api_version`"):
        read(azure, "it")
    assert (
        read(azure.replace('key_env = "K"', 'key_env = "K"\napi_version = "2024-06-01"'), "it").provider["a"].base
        == "http://127.0.0.1:1"
    )


def test_a_scope_discloses_what_it_names_and_reads_back_what_it_writes() -> None:
    scope = parse(SCOPE, Path("/srv/x/mithridate.scope.toml"))
    assert scope.discloses("a") == {DataClass.NAMES, DataClass.PROOFS}
    assert scope.discloses("b") == scope.discloses("c") == frozenset()
    sealed = parse("seal_exchanges = true\n" + SCOPE, Path("/srv/x/mithridate.scope.toml"))
    for one in (scope, sealed):
        assert parse(one.toml(), Path("/srv/x/mithridate.scope.toml")) == one
    assert sealed.seal_exchanges and not scope.seal_exchanges


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [('a = ["names"', 'c = ["names"', "`c`"), ('"proofs"', '"all"', "'all'"), ("[disclose]\na =", "disclose =", "disclose")],
)
def test_a_mistake_in_what_is_disclosed_is_one_sentence(old: str, new: str, named: str) -> None:
    with pytest.raises(UsageError, match=r"line \d+") as told:
        parse(SCOPE.replace(old, new), Path("x.toml"))
    assert named in str(told.value)


KEY = "MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0buZUkgHLgD3Yd0h2M6a8q9"
SECRETS = [
    ("key = 'AKIAIOSFODNN7EXAMPLE'", "AKIAIOSFODNN7EXAMPLE"),
    ("token: ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
    ('db_password = "correct-horse"', "correct-horse"),
    ("password: plainwords", "plainwords"),
    ('db_password = "correct' + " " * 12 + 'horse battery"', "horse"),
    ('char my_password[25] = "plainwords";', "plainwords"),
    ("url = 'https://joe:s3cr3tword@host/x'", "s3cr3tword"),
    ('blob = "c3VwZXIgbG9uZyBzdHJpbmcgc2hvdWxkIGNhdXNlIGVub3VnaCBlbnRyb3B5"', "c3VwZXIgbG9uZyBz"),
    ("a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nabcd\n-----END EC PRIVATE KEY-----\nb", "MHcCAQEE"),
    ("-----BEGIN PRIVATE KEY-----\nMHcCAQEE and it is cut", "MHcCAQEE"),
    ("12: MHcCAQEE\n13: q83v==\n14: -----END EC PRIVATE KEY-----\n15: int x;", "MHcCAQEE"),
    ('    "MHcCAQEE\\n"\n    "q83v==\\n"\n    "-----END EC PRIVATE KEY-----\\n";', "MHcCAQEE"),
    ("Proc-Type: 4,ENCRYPTED\n\nMHcCAQEE\n-----END RSA PRIVATE KEY-----", "MHcCAQEE"),
    (f"a.pem:7: {KEY}", KEY),
    (f'    "{KEY}\\n"', KEY),
    ('#define API_KEY "abc"', '"abc"'),
    ("# define MY_AUTH_TOKEN a1b2c3d4e5f6a7b8c9d0", "a1b2c3d4e5f6a7b8c9d0"),
    ("password = '" + "Zq9" * 100 + "'", "Zq9Zq9"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_taken_out(text: str, secret: str) -> None:
    cleaned, count = redact(text)
    assert secret in text and secret not in cleaned and count >= 1 and "[redacted" in cleaned
    assert cleaned.count("\n") == text.count("\n"), "lines have moved"


@pytest.mark.parametrize(
    "line",
    [
        "static int read_title(const unsigned char *data, size_t length)",
        "    password = get_password(user);",
        "    if (token == NULL || secret->size > 16) return -1;",
        '    printf("title %.*s\\n", (int)length, title);',
        "    hash ^= 0xd3dbc46du; hash *= 16777619u;",
        "12: memcpy(to, data, length);",
        "#define KEY_SIZE 16",
        "#define TOKEN_MAX TOKEN_LAST_OF_THEM_ALL",
        "/" * 80,
        "/" * 80 + "\nAb1/\nint x;",
        "=" * 80,
        "AVeryLongNameOfATypeThatStandsAloneOnItsLineAsItDoes",
    ],
)
def test_code_is_left_as_it_is(line: str) -> None:
    assert redact(line) == (line, 0)


@pytest.mark.parametrize(
    "text",
    [
        "x" * (1 << 20),
        "# define TOKEN" + " " * 4000 + "x",
        ("password" * 500 + "\n") * 16,
        "-----BEGIN PRIVATE KEY-----\n" * 20000,
        "ab\n" * 50000 + "-----END RSA PRIVATE KEY-----\n" * 1000,
    ],
    ids=["a long line", "spaces", "names of secrets", "beginnings", "ends"],
)
def test_hostile_text_is_cleaned_in_no_time(text: str) -> None:
    started = time.monotonic()
    redact(text)
    assert time.monotonic() - started < 5.0


def test_a_line_that_is_too_long_to_be_looked_through_is_left_out() -> None:
    cleaned, _ = redact("before\n" + "token = 'abcdefgh1234'; " * 400 + "\nafter")
    assert "abcdefgh1234" not in cleaned and cleaned.split("\n")[::2] == ["before", "after"]
