"""Ranges of versions, each ecosystem in its own order; what packages are called."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.estate.packages import Package, normal, packages, release
from mithridate.estate.readers.osv import intervals
from mithridate.estate.versions import Unordered, contains, written


@pytest.mark.parametrize(
    ("versions", "inside", "outside"),
    [
        ("vers:pypi/>=1.0|<1.2", ["1.0", "1.1.post1", "1.2rc1", "1.2.dev3"], ["1.2", "0.9", "1.0rc1", "1!1.1"]),
        ("vers:npm/>=1.0.0|<1.2.0", ["1.1.9", "1.2.0-beta.2"], ["1.2.0", "1.0.0-rc.1", "1.10.0"]),
        ("vers:npm/<2.0.0|>=3.0.0|<3.0.5", ["1.9.9", "3.0.4"], ["2.0.0", "2.5.0", "3.0.5"]),
        (
            "vers:deb/<1.18.0-6%2Bdeb11u3",
            ["1.18.0-6", "1.18.0-6+deb11u2", "1.18.0~rc1"],
            ["1.18.0-6+deb11u3", "1:0.1", "1.18.0-10"],
        ),
        ("vers:rpm/<0:1.2-3.el8", ["1.2-2.el8", "1.2~beta-9.el8"], ["1.2-3.el8", "1.10-1.el8", "1:1.0-1"]),
        ("vers:apk/<1.2.3-r4", ["1.2.3-r3", "1.2.3_rc1-r9"], ["1.2.3-r4", "1.2.10-r0"]),
        ("vers:maven/>=2.0-beta9|<2.15.0", ["2.0", "2.14.1", "2.15.0-rc1"], ["2.15.0", "2.0-beta8", "1.2.17"]),
        ("vers:golang/<1.2.3", ["v1.2.2", "1.2.3-0.20200101000000-abcdef012345"], ["v1.2.3", "1.10.0"]),
        ("vers:cargo/<0.5.0", ["0.4.12", "0.5.0-alpha.1"], ["0.5.0"]),
        ("vers:gem/<1.10.4", ["1.9.9", "1.10.4.rc1"], ["1.10.4", "1.10.10"]),
        ("vers:nuget/<13.0.1", ["12.0.3", "13.0.1-beta1"], ["13.0.1", "13.0.1.0"]),
        ("vers:generic/<1.1.1l", ["1.1.1k", "1.0.2u", "1.1.0"], ["1.1.1l", "3.0.0"]),
        ("vers:generic/<8.5p1", ["8.4p1", "8.5rc1"], ["8.5p1", "8.10p1"]),
        ("vers:pypi/1.0|1.2|>=2|<3", ["1.0.0", "1.2", "2.5"], ["1.1", "3"]),
        ("vers:pypi/>=1|!=1.5|<2", ["1.4"], ["1.5", "2"]),
        ("vers:npm/*", ["anything", "1.0.0", ""], []),
        ("vers:npm/<=1.4.0", ["1.4.0"], ["1.4.1"]),
        ("vers:npm/>1.4.0", ["1.4.1"], ["1.4.0"]),
    ],
)
def test_a_version_is_compared_as_its_ecosystem_orders_versions(versions: str, inside: list[str], outside: list[str]) -> None:
    assert [v for v in inside if not contains(versions, v)] == []
    assert [v for v in outside if contains(versions, v)] == []


@pytest.mark.parametrize(
    ("versions", "version"),
    [
        ("vers:npm/<1.0.0", "not a version"),
        ("vers:npm/<x y", "1.0.0"),
        ("nothing", "1"),
        ("vers:deb/<1", ""),
        ("vers:apk/<1", "²"),
    ],
)
def test_what_cannot_be_compared_is_told(versions: str, version: str) -> None:
    with pytest.raises(Unordered):
        contains(versions, version)


@given(
    st.sampled_from(["pypi", "npm", "deb", "rpm", "apk", "maven", "gem", "nuget", "composer", "golang", "generic", "alpm"]),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_any_texts_are_compared_or_told_to_be_no_versions(kind: str, bound: str, version: str) -> None:
    for text in (written(kind, [("<", bound)]), f"vers:{kind}/{bound}"):
        with suppress(Unordered):
            assert contains(text, version) in (True, False)


_PLAIN = st.lists(st.integers(0, 30), min_size=3, max_size=3)


@given(st.sampled_from(["pypi", "npm", "deb", "rpm", "maven", "gem", "nuget", "golang", "generic"]), _PLAIN, _PLAIN, _PLAIN)
def test_plain_numbers_are_ordered_alike_everywhere(kind: str, low: list[int], high: list[int], at: list[int]) -> None:
    low, high = sorted((low, high))
    texts = [".".join(map(str, v)) for v in (low, high, at)]
    if low < high:
        assert contains(written(kind, [(">=", texts[0]), ("<", texts[1])]), texts[2]) == (low <= at < high)


def test_events_bound_spans_whatever_their_order() -> None:
    events = [{"fixed": "3.0.5"}, {"introduced": "0"}, {"introduced": "3.0.0"}, {"fixed": "2.0.0"}, {"limit": "9"}]
    assert list(intervals("npm", events)) == [[("<", "2.0.0")], [(">=", "3.0.0"), ("<", "3.0.5")]]
    assert list(intervals("npm", [{"introduced": "1.0.0"}])) == [[(">=", "1.0.0")]]
    assert list(intervals("npm", [{"introduced": "0"}])) == [[]]
    assert list(intervals("npm", [{"introduced": "1.0.0"}, {"last_affected": "1.4.0"}])) == [[(">=", "1.0.0"), ("<=", "1.4.0")]]


def test_a_binary_package_is_also_called_after_its_source_and_release() -> None:
    found = packages("pkg:deb/debian/nginx-core@1.18.0-6%2Bdeb11u3?arch=amd64&distro=debian-11.5&upstream=nginx")
    assert Package("pkg:deb/debian/nginx?distro=debian-11", "1.18.0-6+deb11u3") in found
    assert Package("pkg:deb/debian/nginx-core", "1.18.0-6+deb11u3") in found


@pytest.mark.parametrize(
    ("name", "key", "version"),
    [
        ("pkg:pypi/Foo_Bar@1.0", "pkg:pypi/foo-bar", "1.0"),
        ("pkg:npm/%40angular/core@1.2.3", "pkg:npm/%40angular/core", "1.2.3"),
        ("cpe:/a:apache:http_server:2.4.49", "cpe:2.3:a:apache:http_server", "2.4.49"),
        ("cpe:2.3:a:openbsd:openssh:8.2:p1:*:*:*:*:*:*", "cpe:2.3:a:openbsd:openssh", "8.2p1"),
        (r"cpe:2.3:a:v\:w:a\+b:-:*:*:*:*:*:*:*", "cpe:2.3:a:v:w:a+b", ""),
    ],
)
def test_names_of_packages_are_brought_into_one_form(name: str, key: str, version: str) -> None:
    assert packages(name)[0] == Package(key, version)


@pytest.mark.parametrize(
    "name", ["pkg:", "pkg:a", "cpe:2.3:a:v", "cpe:2.3:x:v:p:1", "cpe:/", "cpe:2.3:a:x:y:1\\", "nginx 1.18", ""]
)
def test_nonsense_names_no_package(name: str) -> None:
    assert packages(name) == ()


@given(st.text(max_size=60))
def test_any_text_names_packages_or_none(text: str) -> None:
    for start in ("", "pkg:", "pkg:deb/debian/", "cpe:2.3:a:", "cpe:/a:"):
        for package in packages(start + text):
            assert package.key


def test_releases_of_distributions_have_one_name() -> None:
    given_ = ["debian-11.5", "bullseye", "Debian:11", "alpine-3.18.2", "Alpine:v3.18", "Ubuntu:22.04:LTS", "strange"]
    assert [release(r) for r in given_] == [*["debian-11"] * 3, *["alpine-3.18"] * 2, "ubuntu-22.04", "strange"]


def test_one_software_has_one_package_url() -> None:
    assert normal("pkg:pypi/Foo_Bar@1.0?extension=whl#x") == "pkg:pypi/foo-bar@1.0"
    assert normal("pkg:deb/debian/a@1?arch=amd64&distro=debian-11") == "pkg:deb/debian/a@1?distro=debian-11"
