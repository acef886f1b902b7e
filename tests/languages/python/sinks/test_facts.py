import pytest

from .conftest import MARKED, Observe, Seen


def facts(seen: Seen) -> list[tuple[str, str, str]]:
    return [(one["sink"], one["api"], one["text"]) for one in seen.observed()]


@pytest.mark.parametrize(
    ("call", "api", "text"),
    [
        ("hashlib.md5(b'x')", "hashlib.md5", "md5"),
        ("hashlib.sha1(b'x')", "hashlib.sha1", "sha1"),
        ("hashlib.new('MD5', b'x')", "hashlib.new", "md5"),
        ("hashlib.new(name='sha1')", "hashlib.new", "sha1"),
    ],
)
def test_a_weak_hash_is_a_fact(observe: Observe, call: str, api: str, text: str) -> None:
    seen = observe(f"import hashlib\ndef run(data):\n    return {call}.hexdigest()\n")
    assert facts(seen) == [("weak-hash", api, text)]
    assert seen.observed()[0]["marks"] == []
    assert seen.observed()[0]["frames"][0]["function"] == "run"
    assert len(seen.records) == 2


def test_strong_hashes_and_those_not_for_security_are_none(observe: Observe) -> None:
    source = """
import hashlib, hmac
def run(data):
    hashlib.sha256(b'x'), hashlib.new('sha512'), hashlib.md5(b'x', usedforsecurity=False)
    return hmac.new(b'k', b'x', hashlib.md5).hexdigest()
"""
    assert observe(source).records == []


def test_a_weak_hash_of_a_library_is_not_the_projects(observe: Observe) -> None:
    files = {"site-packages/lib.py": "import hashlib\ndef etag(): return hashlib.md5(b'x').hexdigest()\n"}
    source = "import sys\nsys.path.append('site-packages')\nimport lib\ndef run(data):\n    return lib.etag()\n"
    assert observe(source, files=files).records == []


@pytest.mark.parametrize(
    "call",
    [
        "random.random()",
        "random.choice('ab')",
        "random.Random(1).randint(1, 5)",
        "''.join(random.choice('ab') for _ in range(3))",
        "random.getrandbits(8)",
        "random.sample('abc', 1)",
    ],
)
def test_predictable_randomness_is_a_fact_once_a_line(observe: Observe, call: str) -> None:
    seen = observe(f"import random\ndef run(data):\n    for _ in range(3): {call}\n")
    function = call[call.index("random") :].replace("Random(1).", "").partition("(")[0]
    assert facts(seen) == [("weak-random", function, function.partition(".")[2])]


def test_randomness_of_the_system_is_none(observe: Observe) -> None:
    source = """
import random, secrets, tempfile, uuid
def run(data):
    random.SystemRandom().random(), random.SystemRandom().choice('ab'), secrets.choice('ab'), secrets.randbelow(5)
    uuid.uuid4(), tempfile.mktemp()
"""
    assert observe(source).records == []


def test_random_numbers_are_the_same_as_without_us(observe: Observe) -> None:
    source = """
import pickle, random
def run(data):
    random.seed(5)
    one = [random.random(), random.randint(1, 100), random.choice(range(50)), random.Random(3).sample(range(100), 3)]
    same = pickle.loads(pickle.dumps(random.Random(3))).random() == random.Random(3).random()
    return one, same, random.choice.__self__ is random._inst
"""
    seen = observe(source)
    import random

    random.seed(5)
    one = [random.random(), random.randint(1, 100), random.choice(range(50)), random.Random(3).sample(range(100), 3)]
    assert seen.attack["result"] == [one, True, True]


@pytest.mark.parametrize(
    ("needs", "call", "text"),
    [
        ("Crypto.Cipher.DES", "Crypto.Cipher.DES.new(b'12345678', Crypto.Cipher.DES.MODE_CBC, b'12345678')", "DES"),
        ("Crypto.Cipher.ARC4", "Crypto.Cipher.ARC4.new(b'12345678')", "ARC4"),
        ("Crypto.Cipher.AES", "Crypto.Cipher.AES.new(b'1234567812345678', Crypto.Cipher.AES.MODE_ECB)", "AES-ECB"),
        (
            "cryptography.hazmat.primitives.ciphers.modes",
            "cryptography.hazmat.primitives.ciphers.modes.ECB()",
            "ECB",
        ),
    ],
)
def test_a_weak_cipher_is_a_fact(observe: Observe, needs: str, call: str, text: str) -> None:
    seen = observe(f"import {needs}\ndef run(data):\n    return repr({call})\n", needs)
    assert [(sink, what) for sink, _, what in facts(seen)] == [("weak-cipher", text)]


def test_a_strong_cipher_is_none(observe: Observe) -> None:
    source = "import Crypto.Cipher.AES as AES\ndef run(data):\n    AES.new(b'1234567812345678', AES.MODE_GCM)\n"
    assert observe(source, "Crypto.Cipher.AES").records == []


FLASK = """
import flask
app = flask.Flask('app')
app.secret_key = 'x'
@app.route('/')
def show():
    data = flask.request.args['data']
    WRITE
    return 'x'
def run(data):
    return app.test_client().get('/', query_string={'data': data}).status_code
"""


@pytest.mark.parametrize(
    "write",
    [
        "flask.session['k'] = data",
        "flask.session.update(k=data)",
        "flask.session.setdefault('k', data)",
        "flask.session.update({'k': data})",
    ],
)
def test_data_in_a_session_is_seen(observe: Observe, write: str) -> None:
    seen = observe(FLASK.replace("WRITE", write), "flask")
    found = seen.observed("session")
    assert [(one["text"], one["frames"][0]["function"]) for one in found] == [(f"k={MARKED}", "show")]
    assert seen.attack["result"] == 200


def test_data_in_a_marked_key_of_a_starlette_session_is_seen(observe: Observe) -> None:
    source = """
import asyncio
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
async def app(scope, receive, send):
    session = Request(scope).session
    session[scope['data']] = 1
    scope['kept'].append(dict(session))
async def nothing(*_): pass
def run(data):
    kept = []
    scope = {'type': 'http', 'headers': [], 'data': data, 'kept': kept}
    from starlette.requests import HTTPConnection
    scope['session'] = SESSION
    asyncio.run(app(scope, nothing, nothing))
    return kept
"""
    new = source.replace("SESSION", "__import__('starlette.middleware.sessions').middleware.sessions.Session()")
    seen = observe(new, "starlette.middleware.sessions", "itsdangerous")
    assert [one["text"] for one in seen.observed("session")] == [f"{MARKED}=1"]


def test_data_in_a_django_session_is_seen(observe: Observe) -> None:
    source = """
import django
from django.conf import settings
settings.configure(SECRET_KEY='x')
from django.contrib.sessions.backends.signed_cookies import SessionStore
def run(data):
    store = SessionStore()
    store['k'] = data
    return store['k']
"""
    seen = observe(source, "django")
    assert [one["text"] for one in seen.observed("session")] == [f"k={MARKED}"]
    assert seen.attack["result"] == MARKED


def test_a_line_that_is_logged_is_seen_as_it_is_written(observe: Observe) -> None:
    source = """
import io, logging
stream = io.StringIO()
logging.basicConfig(stream=stream, format='%(levelname)s %(message)s')
def run(data):
    logging.getLogger('a').warning('got %s', data)
    logging.getLogger('a').debug('got %s', data)
    return stream.getvalue()
"""
    seen = observe(source)
    assert seen.only("log")["text"] == f"WARNING got {MARKED}"
    assert seen.attack["result"] == f"WARNING got {MARKED}\n"


def test_a_log_without_a_handler_is_seen(observe: Observe) -> None:
    source = "import logging\nlog = logging.getLogger('a')\nlog.setLevel('INFO')\ndef run(data):\n    log.info('got ' + data)\n"
    assert observe(source).only("log")["text"] == f"got {MARKED}"
