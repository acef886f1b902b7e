"""Debian source packages: with all their patches, and with all but those for CVEs."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cases.mirrors import Unobtainable
from bench.cases.places import places
from bench.cases.trees import apply_patch, finish
from bench.cases.truth import Case, Published, Truth

KIND = "c-debian-cve-patch"


@dataclass(frozen=True, slots=True)
class Archive:
    """A private apt configuration with source packages enabled; the system's own is read and never changed."""

    options: tuple[str, ...]
    downloads: Path

    def run(self, tool: str, *arguments: str) -> str:
        """Standard output of an apt tool; Unobtainable when it fails."""
        done = subprocess.run([tool, *self.options, *arguments], cwd=self.downloads, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unobtainable(f"{tool} {' '.join(arguments)}: {done.stderr.strip().splitlines()[-1:]}")
        return done.stdout


def open_archive(directory: Path, releases: Sequence[str], system: Path = Path("/etc")) -> Archive:
    """Set up the private configuration below `directory` for the named Debian releases, from the system's own sources."""
    downloads = directory / "downloads"
    for folder in (downloads, directory / "lists" / "partial", directory / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    sources = directory / "sources.list"
    lines = sorted(set(_source_lines(releases, system)))
    if not lines:
        raise Unobtainable("no Debian package source is configured on this system")
    sources.write_text("\n".join(lines) + "\n")
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": directory / "lists",
        "Dir::Cache": directory / "cache",
    }
    archive = Archive(tuple(f"-o{name}={value}" for name, value in settings.items()), downloads)
    archive.run("apt-get", "update")
    return archive


def _source_lines(releases: Sequence[str], system: Path) -> Iterator[str]:
    """`deb-src` lines for the releases, from the binary sources that the system uses (both file formats)."""
    release = re.search(r"^VERSION_CODENAME=(\S+)", (system / "os-release").read_text(), re.MULTILINE)
    own = release[1] if release else ""
    entries: list[tuple[str, str, list[str], list[str]]] = []  # signed-by, address, suites, components
    for path in [system / "apt" / "sources.list", *sorted((system / "apt" / "sources.list.d").glob("*"))]:
        text = path.read_text() if path.is_file() else ""
        for line in re.findall(r"^deb(?:-src)?\s+(.*)$", text, re.MULTILINE):
            signed = re.search(r"signed-by=([^\s\]]+)", line)
            address, suite, *components = re.sub(r"\[.*?\]", "", line).split()
            entries.append((signed[1] if signed else "", address, [suite], components))
        for stanza in re.split(r"\n\s*\n", text) if path.suffix == ".sources" else []:
            fields = {k.lower(): v.strip() for k, v in re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.MULTILINE)}
            for address in fields.get("uris", "").split():
                suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
                entries.append((fields.get("signed-by", ""), address, suites, components))
    for signed_by, address, suites, components in entries:
        for suite in suites:
            if suite not in (own, f"{own}-updates", f"{own}-security") or "main" not in components:
                continue
            option = f"[signed-by={signed_by}] " if signed_by else ""
            for name in releases:
                if name == own or not suite.endswith("-updates"):
                    yield f"deb-src {option}{address} {suite.replace(own, name)} main"


def by_package(cases: Iterable[Published]) -> dict[str, list[Published]]:
    """The cases of this kind by `name=version` of their source package."""
    found: dict[str, list[Published]] = {}
    for case in cases:
        if case.kind == KIND:
            found.setdefault(case.text("where").split()[-1], []).append(case)
    return found


def prepare_package(package: str, cases: Sequence[Published], archive: Archive, into: Path) -> Case:
    """Lay out one source package twice; every CVE that its cases name is one truth."""
    name, _, wanted = package.partition("=")
    version, notes = _choose_version(archive, name, wanted)
    archive.run("apt-get", "source", "--download-only", f"{name}={version}")
    stem = f"{name}_{version.partition(':')[2] or version}.dsc"
    vulnerable, fixed, unpatched = into / "vulnerable", into / "fixed", into / "unpatched"
    into.mkdir(parents=True, exist_ok=True)
    command = ["dpkg-source", "--no-check", "--skip-patches", "-x", str(archive.downloads / stem), str(unpatched)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        raise Unobtainable(f"dpkg-source {stem}: {done.stderr.strip()}")
    for copied in into.glob(f"{name}_*"):  # dpkg-source puts the upstream archive beside the tree
        copied.unlink()
    patches = unpatched / "debian" / "patches"
    for_cves = {p for c in cases for p in c.facts["patch"]}
    series = list(_series(patches))
    for_cves |= {p for p, _ in series if re.search(r"cve-?\d{4}", p, re.IGNORECASE)}
    for tree, without in ((fixed, frozenset[str]()), (vulnerable, for_cves)):
        shutil.copytree(unpatched, tree, symlinks=True)
        for patch, strip in series:
            if patch not in without and not apply_patch(_read(patches / patch), tree, strip):
                notes.append(f"{tree.name}: {patch} does not apply and was left out")
        shutil.rmtree(tree / "debian")
        finish(tree)
    strips = dict(series)
    truths = tuple(
        Truth(
            id=c.id,
            cwe=c.cwe,
            cve=c.text("cve"),
            places=tuple(q for p in c.facts["patch"] if p in strips for q in places(_read(patches / p), vulnerable, strips[p])),
            origin="hunks of the package's patch",
        )
        for c in cases
    )
    shutil.rmtree(unpatched)
    return Case(id=f"deb-{name}", kind=KIND, vulnerable=vulnerable, fixed=fixed, truths=truths, notes=tuple(notes))


def _choose_version(archive: Archive, name: str, wanted: str) -> tuple[str, list[str]]:
    """The wanted version, with its epoch; else the newest of the same upstream version, with a note."""
    shown = archive.run("apt-cache", "showsrc", "--only-source", name)
    versions = re.findall(r"^Version: (\S+)", shown, re.MULTILINE)
    for version in versions:
        if version.partition(":")[2] == wanted or version == wanted:
            return version, []
    upstream = wanted.rpartition("-")[0]
    near = [v for v in versions if re.sub(r"^\d+:", "", v).rpartition("-")[0] == upstream]
    if not near:
        raise Unobtainable(f"{name} {wanted}: the archive has {', '.join(versions) or 'nothing'}")
    return near[-1], [f"version {near[-1]} instead of {wanted}"]


def _series(patches: Path) -> Iterator[tuple[str, int]]:
    """(patch, leading components to strip) in the order of application."""
    for line in (patches / "series").read_text().splitlines() if (patches / "series").is_file() else []:
        words = line.partition(" #")[0].split()
        if words and not words[0].startswith("#"):
            strip = next((int(w[2:]) for w in words[1:] if re.fullmatch(r"-p\d", w)), 1)
            yield words[0], strip


def _read(path: Path) -> str:
    return path.read_text(errors="surrogateescape")
