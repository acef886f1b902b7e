"""Local git mirrors, as the user gives them: find one by its public name, take files and trees out of it."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

_EXECUTABLE, _LINK, _SUBMODULE = "100755", "120000", "160000"


class Unobtainable(Exception):
    """A source that the user has not given; the text says which, so that it can be."""


class Mirror:
    """A git directory, read-only to us."""

    def __init__(self, git_directory: Path) -> None:
        self.git_directory = git_directory

    def git(self, *arguments: str) -> bytes:
        """The standard output of a git command; Unobtainable when it fails."""
        command = ["git", f"--git-dir={self.git_directory}", *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            raise Unobtainable(f"{self.git_directory}: git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def text(self, path: str, revision: str = "HEAD") -> str:
        """One file's text."""
        return self.git("show", f"{revision}:{path}").decode(errors="replace")

    def names(self, path: str, revision: str = "HEAD") -> list[str]:
        """All files below a folder, relative to the repository's root."""
        return self.git("ls-tree", "-r", "--name-only", revision, "--", path).decode().splitlines()

    def extract(self, into: Path, *paths: str, revision: str = "HEAD") -> list[str]:
        """Write the tree of a revision (or only some of its paths) below `into`, without any history.

        Submodules stay empty. Returns the files that the mirror lists but does not hold (some leave out the largest).
        """
        listed = self.git("ls-tree", "-r", "-z", revision, "--", *paths).decode(errors="surrogateescape").split("\0")
        entries = [(line.split()[0], line.split()[2], line.partition("\t")[2]) for line in listed if line]
        blobs = [(mode, digest, name) for mode, digest, name in entries if mode != _SUBMODULE]
        absent = []
        for (mode, _, name), data in zip(blobs, self._contents([d for _, d, _ in blobs]), strict=True):
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if data is None:
                absent.append(name)
            elif mode == _LINK:
                path.symlink_to(data.decode(errors="surrogateescape"))
            else:
                path.write_bytes(data)
                path.chmod(0o755 if mode == _EXECUTABLE else 0o644)
        return absent

    def _contents(self, digests: list[str]) -> Iterator[bytes | None]:
        """The blobs in the order asked for, None for those that are absent."""
        command = ["git", f"--git-dir={self.git_directory}", "cat-file", "--batch"]
        done = subprocess.run(command, input="\n".join(digests).encode() + b"\n", capture_output=True, check=False)
        answers = io.BytesIO(done.stdout)
        for _ in digests:
            header = answers.readline().split()
            if len(header) != 3:
                yield None
                continue
            yield answers.read(int(header[2]))
            answers.read(1)


def find_mirror(directory: Path, name: str) -> Mirror:
    """The mirror of `owner/name` (or of the URL of one) in a directory that holds one folder a repository."""
    owner, _, repository = name.removesuffix(".git").rstrip("/").rpartition("/")
    owner = owner.replace(":", "/").rpartition("/")[2]
    moved = sorted(p.name for p in directory.glob(f"*+{repository}"))  # repositories change owners
    for folder in (f"{owner}+{repository}", f"{owner}/{repository}", f"{owner}_{repository}", repository, *moved):
        for inside in ("repo/.git", "repo", ".git", ""):
            for path in (directory / folder / inside, directory / f"{folder}.git"):
                if (path / "HEAD").is_file() and (path / "objects").is_dir():
                    return Mirror(path)
    raise Unobtainable(f"no mirror of {owner}/{repository} in {directory}")
