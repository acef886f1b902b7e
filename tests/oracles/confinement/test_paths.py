"""File paths and archive members."""

import pytest

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import NOTHING_KNOWN, Sent
from mithridate.oracles.confinement.verdict import escape

CWD = "/src/app"


def verdict(seen, attack, *controls, sent=NOTHING_KNOWN, **detail):
    """Of paths that are not resolved by the observer unless `real` says so."""
    twins = [seen(Sink.PATH, c, phase="control", cwd=CWD) for c in controls]
    return escape(seen(Sink.PATH, attack, cwd=CWD, **detail), twins, sent)


@pytest.mark.parametrize(
    "attack",
    [
        "/data/up/../../etc/⟨x⟩",
        "/data/up/../⟨x⟩",
        "/etc/⟨x⟩",
        "/data/upload/⟨x⟩",
        "../../../etc/⟨x⟩",
        "/data/up/⟨/../../../etc/x⟩",
    ],
)
def test_a_path_outside_of_what_holds_harmless_data_is_traversal(seen, attack):
    found = verdict(seen, attack, "/data/up/⟨a.txt⟩", mode="write")
    assert found.kind is ViolationKind.PATH_TRAVERSAL
    assert "which is written to, outside of `/data/up`" in found.why


@pytest.mark.parametrize(
    "attack",
    ["/data/up/⟨x⟩", "/data/up/a/../⟨x⟩", "/data/up/sub/⟨x⟩", "/data/up/⟨..⟩", "/data/./up//⟨x⟩", "/data/up/⟨a%2f..%2f⟩"],
)
def test_a_path_below_it_is_confined(seen, attack):
    assert verdict(seen, attack, "/data/up/⟨a.txt⟩") is None


def test_the_root_is_the_directory_before_the_component_that_data_is_in(seen):
    assert verdict(seen, "/data/⟨b⟩/files/../../x", "/data/⟨a⟩/files/x") is None
    assert verdict(seen, "/data/user-⟨b⟩.txt", "/data/user-⟨a⟩.txt") is None
    assert verdict(seen, "/etc/⟨b⟩", "⟨a⟩") is not None
    assert verdict(seen, "/etc/⟨b⟩", "/⟨a⟩") is None


def test_any_root_of_harmless_data_will_do(seen):
    assert verdict(seen, "/data/b/⟨x⟩", "/data/a/⟨x⟩", "/data/b/⟨x⟩") is None


def test_links_are_followed(seen):
    control = seen(Sink.PATH, "/data/up/⟨x⟩", phase="control", cwd=CWD, real="/mnt/up/⟨x⟩")
    inside = seen(Sink.PATH, "/data/up/⟨y⟩", cwd=CWD, real="/mnt/up/⟨y⟩")
    outside = seen(Sink.PATH, "/data/up/link/⟨y⟩", cwd=CWD, real="/etc/⟨y⟩")
    assert escape(inside, [control]) is None
    assert escape(outside, [control]).kind is ViolationKind.PATH_TRAVERSAL


def test_the_parent_of_a_directory_that_cannot_be_is_nowhere(seen):
    assert verdict(seen, "/data/up/user-⟨x/../../../etc/passwd⟩", "/data/up/user-⟨a⟩") is None
    assert verdict(seen, "/data/up/⟨x/../../../etc/passwd⟩", "/data/up/⟨a⟩") is not None


def test_a_path_with_a_nul_is_never_opened(seen):
    assert verdict(seen, "/etc/⟨x\0⟩", "/data/⟨a⟩") is None


def test_without_a_control_only_steps_that_were_sent_count(seen):
    climbs = Sent(("../../../etc/\ue000\ue100x\ue001\ue100",))
    assert verdict(seen, "/data/up/../../../etc/⟨x⟩") is None
    assert verdict(seen, "/data/up/../../../etc/⟨x⟩", sent=climbs) is not None
    assert verdict(seen, "/src/app/../templates/⟨x⟩", sent=Sent(("\ue000\ue100x\ue001\ue100",))) is None
    assert verdict(seen, "/data/up/⟨/../../../etc/x⟩") is not None
    assert verdict(seen, "/data/up/⟨a/../b⟩") is None
    assert verdict(seen, "/etc/⟨x⟩") is None
    assert verdict(seen, "⟨x⟩") is None


@pytest.mark.parametrize("case", [str.upper, str.swapcase])
def test_case_does_not_matter(judged, case):
    assert judged(Sink.PATH, "/DATA/UP/../../ETC/⟨x⟩", "/DATA/UP/⟨x⟩", case=case) is not None


def test_unmarked_paths_are_the_programs(seen):
    assert verdict(seen, "/etc/passwd", "/data/⟨a⟩") is None


def test_members_of_archives_stay_below_the_directory(seen):
    def member(text, **detail):
        return escape(seen(Sink.MEMBER, text, "tar", root="/tmp/out", cwd="/src", **detail), [])

    assert member("/tmp/out/../⟨x⟩").kind is ViolationKind.ARCHIVE_TRAVERSAL
    assert member("/etc/⟨x⟩") is not None
    assert member("../⟨x⟩") is not None
    assert member("/tmp/out/link/⟨x⟩", real="/etc/⟨x⟩") is not None
    assert member("/tmp/out/a/⟨x⟩") is None
    assert member("a/../⟨x⟩") is None
    assert member("/tmp/outer/⟨x⟩") is not None


def test_a_directory_that_is_a_link_itself_holds_its_members(seen):
    control = seen(Sink.MEMBER, "/tmp/out/⟨a⟩", phase="control", root="/tmp/out", real="/private/out/⟨a⟩")
    attack = seen(Sink.MEMBER, "/tmp/out/⟨b⟩", root="/tmp/out", real="/private/out/⟨b⟩")
    assert escape(attack, [control]) is None
