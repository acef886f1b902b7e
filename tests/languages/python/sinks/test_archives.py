import pytest

from .conftest import MARKED, Observe

MAKE = """
import io, os, shutil, tarfile, zipfile
def tar(name, link=''):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode='w') as archive:
        member = tarfile.TarInfo(name)
        if link: member.type, member.linkname = tarfile.SYMTYPE, link
        else: member.size = 1
        archive.addfile(member, io.BytesIO(b'x'))
    made.seek(0)
    return tarfile.open(fileobj=made)
def zip(name):
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w') as archive: archive.writestr(name, 'x')
    return zipfile.ZipFile(made)
"""


@pytest.mark.parametrize(
    ("call", "api", "dialect"),
    [
        ("tar(data).extractall('to')", "tarfile.TarFile.extractall", "tar"),
        ("tar(data).extract(data, 'to')", "tarfile.TarFile.extract", "tar"),
        ("zip(data).extractall('to')", "zipfile.ZipFile.extractall", "zip"),
    ],
)
def test_a_member_is_seen_and_written(observe: Observe, call: str, api: str, dialect: str) -> None:
    seen = observe(f"{MAKE}\ndef run(data):\n    {call}\n")
    found = seen.only("member")
    assert (found["api"], found["dialect"], found["stopped"]) == (api, dialect, False)
    assert (found["text"], found["detail"]["root"], found["detail"]["real"]) == (f"to/{MARKED}", "/src/to", f"/src/to/{MARKED}")
    assert (seen.tree / "to" / MARKED).read_text() == "x"


def test_a_member_outside_of_the_tree_is_not_written(observe: Observe) -> None:
    source = f"{MAKE}\ndef run(data):\n    tar('../../scratch/' + data).extractall('to')\n"
    seen = observe(source)
    found = seen.only("member")
    assert found["stopped"]
    assert found["detail"]["real"] == str(seen.scratch / MARKED)
    assert seen.attack["stopped"]
    assert not (seen.scratch / MARKED).exists()


def test_a_zip_member_is_where_the_library_put_it(observe: Observe) -> None:
    seen = observe(f"{MAKE}\ndef run(data):\n    zip('../../' + data).extractall('to')\n")
    found = seen.only("member")
    assert found["detail"]["real"] == f"/src/to/{MARKED}"
    assert (seen.tree / "to" / MARKED).exists()


def test_a_link_says_what_it_links_to(observe: Observe) -> None:
    seen = observe(f"{MAKE}\ndef run(data):\n    tar(data, '/etc/' + data).extractall('to')\n")
    assert seen.only("member")["detail"]["link"] == f"/etc/{MARKED}"


def test_shutil_unpacks_members(observe: Observe) -> None:
    source = f"""{MAKE}
def make(data):
    with zipfile.ZipFile('a.zip', 'w') as archive: archive.writestr(data, 'x')
def run(data):
    make(data)
    shutil.unpack_archive('a.zip', 'to')
"""
    seen = observe(source)
    assert seen.only("member")["api"] == "shutil.unpack_archive"
    assert (seen.tree / "to" / MARKED).exists()
