from dataclasses import replace
from pathlib import Path

from mithridate.model.entry import EntryKind
from mithridate.model.execution import Ending, Limits
from mithridate.model.project import ToolFailure
from mithridate.model.violation import Access, Clean, ViolationKind
from mithridate.oracles.options import OracleOptions
from mithridate.oracles.suite import Judge
from mithridate.prove.batch import quick_signature, run_batch
from mithridate.prove.replay import TRIES, Replayer
from mithridate.sandbox.bubblewrap import Bubblewrap


def test_a_replay_names_kind_place_and_line(target, replayer: Replayer) -> None:
    judgement = replayer.once(target.entry, target.binary, b"f")
    assert isinstance(judgement, tuple)
    first = judgement[0]
    assert (first.kind, first.access) == (ViolationKind.HEAP_BUFFER_OVERFLOW, Access.WRITE)
    assert first.place is not None
    assert (first.place.function, first.place.file) == ("fixed_write", "/src/poisons.c")
    assert "buffer[where] = 1" in (target.binary.directory / "src/poisons.c").read_text().splitlines()[first.place.line - 1]


def test_a_harmless_input_is_clean(target, replayer: Replayer, tmp_path: Path) -> None:
    file = tmp_path / "harmless"
    file.write_bytes(b"nothing"[1:])
    assert replayer.once(target.entry, target.binary, file) == Clean()


def test_every_replay_of_a_stable_candidate_fires(target, replayer: Replayer) -> None:
    seen = replayer.observe(target.entry, target.binary, b"f").violations[0]
    replays = replayer.many(target.entry, target.binary, b"f", 4, seen.signature)
    assert (replays.fired, replays.replays, replays.stable) == (4, 4, True)


def test_replays_of_another_violation_do_not_count(target, replayer: Replayer) -> None:
    seen = replayer.observe(target.entry, target.binary, b"f").violations[0]
    replays = replayer.many(target.entry, target.binary, b"w\x18", 2, seen.signature)
    assert (replays.fired, replays.stable, len(replays.others)) == (0, False, 1)


def test_a_batch_tells_violations_from_clean_runs_in_order(target, replayer: Replayer) -> None:
    inputs = [b"f", b"-", b"w\x18", b"w\x08", b"f", b"n"] * 3
    judged = replayer.batch(target.entry, target.binary, inputs, 30)
    fired = [isinstance(j, tuple) for j in judged]
    assert fired == [True, False, True, False, True, True] * 3
    forms = [quick_signature(j[0]) if isinstance(j, tuple) else None for j in judged]
    assert forms[0] == forms[4] == forms[6]
    assert forms[0] != forms[2]


def test_a_batch_reads_standard_input_too(target, replayer: Replayer) -> None:
    entry = replace(target.entry, kind=EntryKind.PROGRAM_STDIN, arguments=())
    judged = replayer.batch(entry, target.binary, [b"f", b"-"], 30)
    assert isinstance(judged[0], tuple)
    assert judged[1] == Clean()
    alone = replayer.once(entry, target.binary, b"f")
    assert isinstance(alone, tuple)
    assert alone[0].kind is judged[0][0].kind


def test_a_batch_survives_an_input_that_never_ends(target, replayer: Replayer) -> None:
    judged = replayer.batch(target.entry, target.binary, [b"h", b"f"], 30, cpu_s=1)
    assert isinstance(judged[0], tuple)
    assert judged[0][0].kind is ViolationKind.TIMEOUT
    assert isinstance(judged[1], tuple)


def test_a_batch_goes_on_behind_an_input_that_takes_all_memory(target) -> None:
    limits = Limits(wall_s=30.0, cpu_s=10.0, memory_bytes=400 << 20)
    tight = Replayer(Bubblewrap(), Judge(OracleOptions(rss_limit_mb=1 << 14)), limits, jobs=1)
    judged = tight.batch(target.entry, target.binary, [b"f", b"g", b"w\x18"], 40)
    assert [isinstance(j, tuple) for j in judged] == [True, False, True]


def test_what_time_did_not_suffice_for_is_not_judged(target, replayer: Replayer) -> None:
    assert replayer.batch(target.entry, target.binary, [b"f"], 0) == [None]


def test_a_jump_to_nowhere_still_has_a_stack(target, replayer: Replayer) -> None:
    seen = replayer.observe(target.entry, target.binary, b"j" + (0x1BADBEEF).to_bytes(8, "little"))
    (violation,) = (v for v in seen.violations if v.kind is ViolationKind.WILD_JUMP)
    assert [f.function for f in violation.project_frames] == ["main"]  # the caller of the function that jumped


def test_replays_of_one_input_share_its_file(target, replayer, monkeypatch) -> None:
    made = []
    write_bytes = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: made.append(path) or write_bytes(path, data))
    violation = replayer.observe(target.entry, target.binary, b"w\x18").violations[0]
    made.clear()
    assert replayer.many(target.entry, target.binary, b"w\x18", 3, violation.signature).stable
    assert len(made) == 1


def test_a_batch_tells_status_from_report_whatever_the_report_ends_with(target) -> None:
    limits = Limits(wall_s=20.0)
    ended = run_batch(
        Bubblewrap(), target.entry, target.binary, [b"w\x18", b"-"], Judge().arm(target.entry).env, limits, 5.0, 20.0
    )
    assert [e is not None and e.ending for e in ended] == [Ending.EXITED, Ending.EXITED]
    assert ended[0].exit_code != 0
    assert b"ERROR: AddressSanitizer" in ended[0].stderr
    assert ended[1].exit_code == 0
    assert b"\n0" not in ended[1].stderr


def test_replays_leave_names_out_of_the_process_and_look_each_place_up_once(target) -> None:
    commands = []

    class Watched(Bubblewrap):
        def run(self, command, mounts, limits, **more):
            commands.append(command)
            return super().run(command, mounts, limits, **more)

    replayer = Replayer(Watched(), Judge(), Limits(wall_s=30.0, cpu_s=3.0), jobs=1)
    seen = replayer.observe(target.entry, target.binary, b"f").violations[0]
    assert replayer.many(target.entry, target.binary, b"f", 3, seen.signature).stable
    assert replayer.beside(target.entry, target.binary, b"f", (), {"UBSAN_OPTIONS": "halt_on_error=1"})
    asked = [command for command in commands if "llvm-symbolizer" in command.argv[0]]
    assert (len(asked), len(commands)) == (1, 6)
    for command in commands:
        if command not in asked:
            assert command.env["ASAN_OPTIONS"].endswith(":symbolize=0"), command
    assert ":halt_on_error=1" in commands[-1].env["UBSAN_OPTIONS"]


def test_a_replay_whose_places_cannot_be_named_is_tried_again_and_counts_for_nothing(target) -> None:
    tried = []

    class Failing(Bubblewrap):
        def run(self, command, mounts, limits, **more):
            if "llvm-symbolizer" in command.argv[0]:
                tried.append(command)
                command = replace(command, argv=("/bin/false",))
            return super().run(command, mounts, limits, **more)

    replayer = Replayer(Failing(), Judge(), Limits(wall_s=30.0, cpu_s=3.0), jobs=1)
    judgement = replayer.once(target.entry, target.binary, b"f")
    assert isinstance(judgement, ToolFailure) and judgement.tool == "llvm-symbolizer"
    assert len(tried) == TRIES
