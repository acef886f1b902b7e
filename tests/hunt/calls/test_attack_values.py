"""Claims about which marks at sinks are followed: not those that a caller is to choose."""

from mithridate.hunt.engines.calls.attack_values import Asked, attacks
from mithridate.hunt.engines.calls.outcome import Seen
from mithridate.model.observation import Sink

MARK = (3, "openingtok", "closingtok")
DATA = "openingtokambercosingtok".replace("cosing", "closing")


def seen(sink: Sink, text: str, **detail: str) -> Seen:
    return Seen(phase="attack", step=0, sink=sink, api="a", text=text, dialect="", marks=(MARK,), frames=(), detail=detail)


def test_a_path_that_the_caller_gives_is_his_to_choose() -> None:
    assert attacks(seen(Sink.PATH, DATA, cwd="/src"), 3) == ()
    assert attacks(seen(Sink.PATH, f"/src/{DATA}/METADATA", cwd="/src"), 3) == ()


def test_a_name_that_is_put_behind_a_directory_is_attacked() -> None:
    assert any("../" in str(twin.attack) for twin in attacks(seen(Sink.PATH, f"/var/uploads/{DATA}", cwd="/src"), 3))


def test_statements_are_attacked_where_data_is_put_into_them_and_not_where_they_are_the_argument() -> None:
    assert attacks(seen(Sink.SQL, DATA), 3) == ()
    assert attacks(seen(Sink.SQL, f"select '{DATA}'"), 3)


def test_option_like_arguments_are_tried_at_commands() -> None:
    assert any(str(twin.attack).startswith("-") for twin in attacks(seen(Sink.COMMAND, f'["git", "clone", "{DATA}"]'), 3))


def test_arguments_of_what_runs_commands_are_its_callers_and_those_of_others_are_not() -> None:
    """A helper that runs what it is given was proved first, and stood before those of its callers that pass on what they got."""
    at_sink = seen(Sink.COMMAND, f'["git", "{DATA}"]')
    assert attacks(at_sink, 3, Asked(parameter="args", words="Git.run Runs git.")) == ()
    assert attacks(at_sink, 3, Asked(parameter="cmd", words="run_command Runs it.")) == ()
    for parameter, words in (("repository", "Git.clone Runs git."), ("url", "Git.run "), ("args", "Index.prune "), ("", "")):
        assert attacks(at_sink, 3, Asked(parameter=parameter, words=words))


def test_only_marks_that_are_there_are_followed() -> None:
    assert attacks(seen(Sink.SQL, "select 1"), 3) == ()
    assert attacks(seen(Sink.SQL, f"select '{DATA}'"), 4) == ()
