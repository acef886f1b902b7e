import json

import pytest

from .conftest import MARKED, Observe


@pytest.mark.parametrize(
    ("call", "api", "text"),
    [
        ("os.system('touch made ' + data)", "os.system", f"touch made {MARKED}"),
        ("os.popen('touch made ' + data).read()", "os.popen", f"touch made {MARKED}"),
        ("subprocess.run('touch made ' + data, shell=True)", "subprocess.run", f"touch made {MARKED}"),
        ("subprocess.getoutput('touch made ' + data)", "subprocess.getoutput", f"touch made {MARKED}"),
        ("subprocess.Popen(['bash', '-ec', 'touch made ' + data]).wait()", "subprocess.Popen", f"touch made {MARKED}"),
        ("asyncio.run(shell(data))", "asyncio.subprocess.create_subprocess_shell", f"touch made {MARKED}"),
    ],
)
def test_a_command_line_for_a_shell_is_seen_and_not_run(observe: Observe, call: str, api: str, text: str) -> None:
    source = f"""
import asyncio, os, subprocess
async def shell(data):
    process = await asyncio.create_subprocess_shell('touch made ' + data)
    await process.wait()
def run(data):
    os.path.exists('made') and os.remove('made')
    {call}
    return os.path.exists('made')
"""
    seen = observe(source)
    found = seen.observed("shell")
    assert [(one["api"], one["text"], one["dialect"], one["stopped"]) for one in found] == [(api, text, "sh", True)]
    assert len(seen.records) == 1
    assert "OSError" in seen.attack["kinds"] if seen.attack["stopped"] else seen.attack["result"] is False
    assert seen.control["result"] is True


@pytest.mark.parametrize(
    ("call", "api"),
    [
        ("subprocess.run(['touch', 'made', data])", "subprocess.run"),
        ("subprocess.check_call(('touch', 'made', data))", "subprocess.check_call"),
        ("subprocess.call(['sh', '-c', 'touch made \"$1\"', 'touch', data])", "subprocess.call"),
        ("os.spawnlp(os.P_WAIT, 'touch', 'touch', 'made', data)", "os.spawnlp"),
        ("os.posix_spawn('/usr/bin/touch', ['touch', 'made', data], {}) and os.wait()", "os.posix_spawn"),
    ],
)
def test_an_argument_vector_is_no_command_line(observe: Observe, call: str, api: str) -> None:
    source = f"""
import os, subprocess
def run(data):
    os.path.exists('made') and os.remove('made')
    {call}
    return os.path.exists('made')
"""
    seen = observe(source)
    found = seen.only("command")
    assert (found["api"], found["stopped"]) == (api, True)
    assert json.loads(found["text"])[-1] == MARKED
    assert seen.attack["stopped"] or seen.attack["result"] is False
    assert seen.control["result"] is True


def test_the_same_program_without_marked_data_runs_and_is_not_told(observe: Observe) -> None:
    seen = observe("import subprocess\ndef run(data):\n    return subprocess.check_output(['echo', 'x'], text=True)\n")
    assert seen.records == []
    assert seen.attack["result"] == "x\n"


def test_what_comes_after_a_program_that_was_stopped_is_reached(observe: Observe) -> None:
    """A copy of what is named is made first, and something of it chosen then: both are what an outsider says."""
    source = """
import subprocess
def run(data):
    said = subprocess.check_output(['fetch', data], cwd='.', text=True)
    code = subprocess.call('choose ' + data, shell=True)
    return [said, code]
"""
    seen = observe(source)
    found = [*seen.observed("command"), *seen.observed("shell")]
    assert [one["api"] for one in found] == ["subprocess.check_output", "subprocess.call"]
    assert not seen.attack["stopped"] and seen.attack["result"] == ["", 0]
