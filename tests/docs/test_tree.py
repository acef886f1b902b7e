"""What holds for every file of the repository."""

import re
import subprocess
import sys
import tomllib

from .repository import ROOT, tracked

HOSTS = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("crates", "io"), ("repo1", "maven", "org"),
    ("proxy", "golang", "org"), ("rubygems", "org"), ("deb", "debian", "org"), ("docker", "io"),
)]  # fmt: skip
OF_ONE_MACHINE = re.compile(r"(?<![\w}*./])/(?:work/(?:main|shared)|root/\.\w+)")
PROFILE = "/".join(("", "root", ".profile"))
MEANT = {
    ("tests/languages/c/test_build.py", PROFILE),
    ("src/mithridate/estate/readers/osv.py", "crates" + ".io"),
    ("src/mithridate/estate/readers/kubernetes_pods.py", "/root" + "/.ssh"),
}
"""A test that this file is out of a build's reach; what advisories call an ecosystem; where nodes of clusters keep keys."""

IMPORT_ALL = """
import importlib, pkgutil, sys, threading
seen = []
QUIET = {"os.mkdir", "os.remove", "os.rename", "os.putenv", "os.chdir", "os.kill", "subprocess.Popen", "os.exec", "os.fork",
         "os.posix_spawn", "socket.connect", "socket.bind", "signal.signal", "tempfile.mkstemp", "tempfile.mkdtemp"}
def ours():
    # Whose code acts: the first frame that is neither the standard library's nor this hook's.
    frame = sys._getframe(2)
    while frame:
        file = frame.f_code.co_filename
        if "site-packages" in file:
            return False
        if "/src/mithridate/" in file:
            return True
        frame = frame.f_back
    return False
def hook(event, args):
    if event in QUIET or (event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")):
        if ours():
            seen.append((event, str(args)[:200]))
import mithridate
names = [m.name for m in pkgutil.walk_packages(mithridate.__path__, "mithridate.") if not m.name.endswith("__main__")]
threads = threading.active_count()
sys.addaudithook(hook)
for name in names:
    before = len(seen)
    importlib.import_module(name)
    for event in seen[before:]:
        print(name, *event)
if threading.active_count() != threads:
    print("threads were started:", threading.enumerate())
print(len(names), "modules", file=sys.stderr)
"""


def test_every_module_can_be_imported_and_does_nothing_then() -> None:
    done = subprocess.run([sys.executable, "-B", "-c", IMPORT_ALL], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert int(done.stderr.split()[0]) > 100


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    found = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        content = path.read_text(errors="replace")
        if name == "requirements.lock":
            content = "\n".join(line for line in content.splitlines() if "--hash=" not in line)
        found += [(name, host) for host in HOSTS if host in content and (name, host) not in MEANT]
        found += [(name, place) for place in OF_ONE_MACHINE.findall(content) if (name, place) not in MEANT]
    assert found == []


def test_the_lock_file_holds_all_that_the_project_declares() -> None:
    """Whoever adds a dependency runs `make lock`; else a fresh checkout lacks it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    names = {re.split(r"[<>=!~\[ ;]", d)[0].lower().replace("_", "-") for d in declared}
    assert names <= {name.lower().replace("_", "-") for name in locked}
