import pytest

from .conftest import MARKED, OPENING, Observe

URL = f"http://{MARKED}.example/a?b"


@pytest.mark.parametrize(
    ("needs", "call", "api"),
    [
        ("requests", "requests.get(url)", "requests.get"),
        ("requests", "requests.Session().post(url, json={})", "requests.Session.post"),
        ("urllib3", "urllib3.PoolManager().request('GET', url)", "urllib3."),
        ("httpx", "httpx.get(url)", "httpx.get"),
        ("urllib.request", "urllib.request.urlopen(url)", "urllib.request.urlopen"),
        ("urllib.request", "urllib.request.urlopen('file:///' + data)", "urllib.request.urlopen"),
    ],
)
def test_a_url_is_seen_whole_and_the_client_fails_as_it_does_without_network(
    observe: Observe, needs: str, call: str, api: str
) -> None:
    source = f"import {needs}\ndef run(data):\n    url = f'http://{{data}}.example/a?b'\n    {call}\n"
    seen = observe(source, needs)
    found = seen.only("request")
    assert found["api"].startswith(api)
    assert found["stopped"]
    assert OPENING in found["text"]
    assert "://" in found["text"]
    assert seen.attack["stopped"]
    if "file:" not in call:
        assert seen.attack["raised"] == seen.control["raised"] or needs == "urllib3"


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_clients_that_are_awaited_are_stopped_too(observe: Observe, library: str) -> None:
    client = "httpx.AsyncClient" if library == "httpx" else "aiohttp.ClientSession"
    source = f"""
import asyncio, {library}
async def get(data):
    async with {client}() as client:
        await client.get(f'http://{{data}}.example/a?b')
def run(data):
    asyncio.run(get(data))
"""
    seen = observe(source, library)
    found = seen.observed("request")
    assert [(one["text"], one["stopped"], one["frames"][0]["function"]) for one in found] == [(URL, True, "get")]
    assert len(seen.records) == 1
    assert seen.attack["stopped"]
    assert seen.control["raised"]


@pytest.mark.parametrize(
    ("call", "api", "text"),
    [
        ("socket.create_connection((data, 80))", "socket.create_connection", f"{MARKED}:80"),
        ("socket.gethostbyname(data)", "socket.gethostbyname", MARKED),
        ("http.client.HTTPConnection(data).request('GET', '/x')", "http.client.HTTPConnection.request", f"http://{MARKED}/x"),
        ("smtplib.SMTP(data, 25)", "smtplib.SMTP", f"{MARKED}:25"),
        ("ftplib.FTP(data)", "ftplib.FTP", f"{MARKED}:21"),
        ("asyncio.run(asyncio.open_connection(data, 80))", "asyncio.open_connection", f"{MARKED}:80"),
    ],
)
def test_a_host_is_seen_before_it_is_looked_up(observe: Observe, call: str, api: str, text: str) -> None:
    seen = observe(f"import asyncio, ftplib, http.client, smtplib, socket\ndef run(data):\n    {call}\n")
    found = seen.observed("request")
    assert [one["text"] for one in found] == [text]
    assert api.split(".")[0] in found[0]["api"]
    assert seen.attack["stopped"]
    assert "OSError" in seen.attack["kinds"]
    assert [record["phase"] for record in seen.records] == ["attack"]


def test_no_connection_is_made_without_marks_either(observe: Observe) -> None:
    source = """
import socket
def run(data):
    listening = socket.create_server(('127.0.0.1', 0))
    socket.create_connection(listening.getsockname())
"""
    seen = observe(source)
    assert seen.records == []
    assert seen.attack["raised"] == seen.control["raised"] == "ConnectionRefusedError"


def test_a_header_of_an_outgoing_request_is_seen(observe: Observe) -> None:
    source = """
import http.client
def run(data):
    http.client.HTTPConnection('127.0.0.1', 9).request('GET', '/', headers={'X-A': data})
"""
    assert observe(source).only("header")["text"] == f"X-A: {MARKED}"


def test_a_header_of_a_mail_is_seen(observe: Observe) -> None:
    source = "from email.mime.text import MIMEText\ndef run(data):\n    mail = MIMEText('x')\n    mail['Subject'] = data\n"
    assert observe(source).only("header")["text"] == f"Subject: {MARKED}"
