"""Runs inside the sandbox, with the shop importable: for each planted flaw a harmless input that shows whether it is there.

python3 triggers.py ANSWERS.json      prints {"id": [shown by the flawed route, shown by its twin]}
"""

import base64
import io
import json
import logging
import os
import pickle
import random
import socket
import sqlite3
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path

os.environ["KIOSK_DATA"] = tempfile.mkdtemp(prefix="kiosk-")

from kiosk import create_app

SECRET = Path(os.environ["KIOSK_DATA"], "secret.txt")
NOTED: list[str] = []


def note(word):
    """What a deserialiser calls when the sender may choose."""
    NOTED.append(word)
    return []


class Chosen:
    def __reduce__(self):
        return note, ("called",)


def archive():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        member = tarfile.TarInfo("../outside.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    stream.seek(0)
    return stream


class Log(logging.Handler):
    def emit(self, record):
        NOTED.append(record.getMessage())


def sql(client, path):
    return b"guide" in client.get(path, query_string={"name": "none' OR 'a' LIKE 'a"}).data


def html(client, path):
    return b"<i>mark</i>" in client.get(path, query_string={"visitor": "<i>mark</i>"}).data


def stored(client, path):
    client.post("/articles/2/comments", data={"text": "<i>mark</i>"})
    return b"<i>mark</i>" in client.get(path.replace("<int:article>", "2")).data


def xpath(client, path):
    return len(client.get(path, query_string={"name": "x' or '1'='1"}).get_json()["phones"]) == 2


def redirect(client, path):
    return client.get(path, query_string={"next": "//elsewhere.example/"}).headers["Location"] == "//elsewhere.example/"


def template(client, path):
    return b"42" in client.get(path, query_string={"words": "{{ 6 * 7 }}"}).data


def code(client, path):
    return client.get(path, query_string={"sum": "[x for x in (1, 2)]"}).get_json()["result"] == "[1, 2]"


def log(client, path):
    NOTED.clear()
    client.post(path, data={"name": "ada\nvisitor bob"})
    return any("\n" in line for line in NOTED)


def growth(client, path):
    started = time.process_time()
    client.get(path, query_string={"code": "A" * 25})
    return time.process_time() - started > 0.3


def traversal(client, path):
    return b"a secret" in client.get(path, query_string={"file": "../secret.txt"}).data


def unpacked(client, path):
    outside = SECRET.parent / "outside.txt"
    outside.unlink(missing_ok=True)
    client.post(path, data={"archive": (archive(), "a.tar")})
    return outside.exists()


def entity(client, path):
    document = f'<!DOCTYPE o [<!ENTITY e SYSTEM "file://{SECRET}">]><order><item>&e;</item></order>'
    return b"a secret" in client.post(path, data=document).data


def unpickled(client, path):
    NOTED.clear()
    client.post(path, data={"basket": base64.b64encode(pickle.dumps(Chosen())).decode()})
    return NOTED == ["called"]


def unyamled(client, path):
    return b"frozenset" in client.post(path, data="!!python/object/apply:builtins.frozenset [[1]]").data


def shell(client, path):
    answer = client.post(path, data={"text": "a; printf '%s' b$((6*7))"}).get_json()
    return "b42" in next(iter(answer.values()))


def forged(client, path):
    asked = []

    def ask(address, **_):
        asked.append(address)
        raise OSError("no network")

    real, urllib.request.urlopen = urllib.request.urlopen, ask
    try:
        client.get(path, query_string={"url": "http://inner.example/x"})
    finally:
        urllib.request.urlopen = real
    return asked == ["http://inner.example/x"]


def imported(client, path):
    return client.get(path, query_string={"format": "colorsys"}).get_json() == {"format": "colorsys"}


def hashed(client, path):
    client.post(path, data={"name": "ada", "password": "p"})
    stored_as = sqlite3.connect(SECRET.parent / "kiosk.sqlite").execute("SELECT password FROM customers").fetchall()
    return any(password == "83878c91171338902e0fe0fb97a8c47a" for (password,) in stored_as)


def predictable(client, path):
    codes = []
    for _ in range(2):
        random.seed(7)
        codes.append(client.post(path, data={"name": "ada"}).get_json())
    return codes[0] == codes[1]


def cookie(client, path):
    return "HttpOnly" not in client.post(path).headers["Set-Cookie"]


def trust(client, path):
    with client.session_transaction() as session:
        session.clear()
    client.post(path, data={"setting": "role", "value": "director"})
    with client.session_transaction() as session:
        return "director" in session.values()


TRIGGERS = {
    "search-by-name": sql,
    "greeting": html,
    "stored-comment": stored,
    "supplier-lookup": xpath,
    "continue-anywhere": redirect,
    "card-template": template,
    "sum": code,
    "visitors-book": log,
    "postal-code": growth,
    "manual-path": traversal,
    "photo-archive": unpacked,
    "order-entity": entity,
    "basket-pickle": unpickled,
    "settings-yaml": unyamled,
    "label-shell": shell,
    "picture-address": forged,
    "export-module": imported,
    "password-hash": hashed,
    "voucher-code": predictable,
    "customer-cookie": cookie,
    "preferences-session": trust,
}


def main() -> None:
    answers = json.loads(Path(sys.argv[1]).read_text())
    socket.socket.connect = None  # type: ignore[method-assign, assignment]
    logging.getLogger("kiosk.book").addHandler(Log())
    sys.modules["triggers"] = sys.modules["__main__"]
    note.__module__ = "triggers"
    shown = {}
    for answer in answers:
        trigger = TRIGGERS[answer["id"]]
        for route in (answer["route"], answer["twin"]["route"]):
            client = create_app().test_client()
            SECRET.write_text("a secret")
            shown.setdefault(answer["id"], []).append(bool(trigger(client, route.partition(" ")[2])))
            with sqlite3.connect(SECRET.parent / "kiosk.sqlite") as database:
                database.execute("DELETE FROM customers")
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
