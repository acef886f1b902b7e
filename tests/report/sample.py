"""A run as a real one looks, with hostile names planted in every place that the project under analysis controls."""

from dataclasses import replace

from mithridate.model.diff import made
from mithridate.model.entry import Boundary, EntryKind
from mithridate.model.finding import (
    Control,
    ControlTier,
    Finding,
    FindingStatus,
    Flaky,
    Metric,
    NegativeControl,
    Proof,
    Severity,
)
from mithridate.model.patch import GateStep, Outcome, Patch, PatchStatus, Proposal, StepRecord
from mithridate.model.project import Skipped
from mithridate.model.run import Cost, EngineTally, EntryReport, ResidualRisk, RunOptions, RunReport
from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "image": "<img src=x onerror=alert(2)>",
    "attribute": "\" onmouseover=alert(3) x='",
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}",
    "markdown": "[click](javascript:alert(4)) | ``` ![i](http://evil.example/i.png) <b>",
    "terminal": "\x1b[2J\x1b]0;owned\x07\r\n[red]x[/red]",
    "bidi": "access\u202e\u2066// admin\u2069",
    "invisible": "zero\u200bwidth\ufeff\u00adnul\x00",
    "bytes": b"caf\xe9\xff.c".decode("utf-8", "surrogateescape"),
    "surrogate": "lone\ud800half",
    "style": "</style><style>*{display:none}</style><!--",
}
"""Strings that a hostile project could put into a name, a line or a message, by what they attack."""

CHUNK_C = """\
/* Reads one chunk: a four-byte tag, a 16-bit length, then that many bytes. */
static int read_chunk(struct reader *r, struct image *out)
{
\tuint16_t length;
\tunsigned char *pixels;

\tif (!reader_u16(r, &length))
\t\treturn ERR_SHORT;

\tpixels = malloc(out->width * out->height);
\tif (pixels == NULL)
\t\treturn ERR_MEMORY;

\t/* length comes from the file, width and height from the header */
\tmemcpy(pixels, r->data + r->offset, length);
\tr->offset += length;

\tout->pixels = pixels;
\treturn 0;
}
"""
PALETTE_C = """\
void palette_free(struct palette *p)
{
\tfor (size_t i = 0; i < p->count; i++)
\t\tfree(p->entries[i]);
\tfree(p);
}

uint32_t palette_lookup(const struct palette *p, unsigned index)
{
\tif (index >= p->count)
\t\treturn 0;
\treturn p->entries[index]->rgb;
}
"""
SCALE_C = """\
int scale_ratio(const struct image *in, int percent)
{
\tint step = in->height / in->density;
\treturn step * percent / 100;
}
"""


def numbered(text: str, first: int) -> dict[int, str]:
    """The lines of `text`, numbered from `first`."""
    return {first + i: line for i, line in enumerate(text.splitlines())}


_REASONS = {
    "AV": {
        "N": "The flaw is in a library function that takes bytes; the reasonable worst case feeds it data from a network.",
        "L": "The program reads a file on the machine it runs on; it does not listen on a network.",
    },
    "AC": {"L": "The same bytes caused the violation in every replay, each in a fresh process with its own address layout."},
    "AT": {"N": "The program was run as built; no special deployment or race was needed."},
    "PR": {"N": "The attacker supplies data only and needs no account on the machine."},
    "UI": {
        "N": "A program that uses the library can call this function without a person taking part.",
        "P": "Somebody, or a job they started, has to process the attacker's file; doing so as usual is enough.",
    },
    "VC": {
        "H": "Where or how much is accessed outside the object follows the input.",
        "L": "Memory outside the object is read, without observed influence on what is read.",
        "N": "Nothing was observed that discloses data.",
    },
    "VI": {"H": "Such a write can change any data or decision of the program.", "N": "Nothing was observed that changes data."},
    "VA": {"H": "The violation ends the program or leaves its memory corrupted."},
    "SC": {"N": "No effect on another system was observed."},
    "SI": {"N": "No effect on another system was observed."},
    "SA": {"N": "No effect on another system was observed."},
}


def severity(score: float, rating: str, metrics: str) -> Severity:
    """A severity from its score and the metrics part of its vector."""
    pairs = [m.split(":") for m in metrics.split("/")]
    return Severity(
        cvss=score,
        rating=rating,
        vector=f"CVSS:4.0/{metrics}",
        metrics=tuple(Metric(name=n, value=v, why=_REASONS[n][v]) for n, v in pairs),
    )


def control(tier: ControlTier, *evidence: str) -> Control:
    return Control(tier=tier, evidence=evidence, perturbations=96)


def frame(function: str, file: str = "", line: int = 0, column: int = 0, inlined: bool = False) -> Frame:
    return Frame(function=function, file=file, line=line, column=column, module="/build/pixview", offset=0x4F2, inlined=inlined)


LIBC = (frame("__libc_start_call_main"), frame("__libc_start_main_impl"), frame("_start"))
MAIN = (frame("load_image", "/src/src/image.c", 88, 9), frame("main", "/src/tools/pixview.c", 41, 12), *LIBC)

OVERFLOW = Violation(
    kind=ViolationKind.HEAP_BUFFER_OVERFLOW,
    detector="AddressSanitizer",
    message="heap-buffer-overflow on address 0x502000000014",
    access=Access.WRITE,
    size=255,
    address=0x502000000014,
    region=Region(kind="heap", size=4, relation=Relation.AFTER, distance=0),
    frames=(
        frame("__asan_memcpy", "/usr/lib/llvm-19/lib/asan_interceptors_memintrinsics.cpp", 63),
        frame("read_chunk", "/src/src/chunk.c", 134, 2, inlined=True),
        frame("decode", "/src/src/chunk.c", 171, 11),
        *MAIN,
    ),
    allocation=(
        frame("malloc"),
        frame("read_chunk", "/src/src/chunk.c", 129, 11),
        frame("decode", "/src/src/chunk.c", 171, 11),
        *MAIN,
    ),
)
USE_AFTER_FREE = Violation(
    kind=ViolationKind.HEAP_USE_AFTER_FREE,
    detector="AddressSanitizer",
    message="heap-use-after-free on address 0x503000000040",
    access=Access.READ,
    size=8,
    region=Region(kind="heap", size=24, relation=Relation.INSIDE, distance=8),
    frames=(frame("palette_lookup", "/src/src/palette.c", 62, 12), frame("render", "/src/src/render.c", 20, 5), *MAIN),
    allocation=(frame("calloc"), frame("palette_new", "/src/src/palette.c", 31, 22), *MAIN),
    deallocation=(
        frame("free"),
        frame("palette_free", "/src/src/palette.c", 55, 2),
        frame("render", "/src/src/render.c", 14, 3),
        *MAIN,
    ),
)
DIVISION = Violation(
    kind=ViolationKind.DIVISION_BY_ZERO,
    detector="UndefinedBehaviorSanitizer",
    message="division by zero",
    frames=(frame("scale_ratio", "/src/src/scale.c", 9, 25), *MAIN),
)
HOSTILE_VIOLATION = Violation(
    kind=ViolationKind.STACK_BUFFER_OVERFLOW,
    detector="AddressSanitizer",
    message=HOSTILE["markdown"] + HOSTILE["terminal"],
    access=Access.READ,
    size=1,
    region=Region(kind="stack", size=16, relation=Relation.AFTER, distance=0, name=HOSTILE["attribute"]),
    frames=(
        frame(HOSTILE["script"], f"/src/{HOSTILE['image']}/{HOSTILE['bytes']}", 7, 3),
        frame(HOSTILE["bidi"], f"/src/a:b/{HOSTILE['markdown']}", 3),
        frame(HOSTILE["terminal"], f"/build/{HOSTILE['style']}", 1),
        frame(HOSTILE["attribute"], f"/usr/include/{HOSTILE['invisible']}", 2),
    ),
    allocation=(frame(HOSTILE["template"], f"/src/{HOSTILE['surrogate']}.c", 1),),
    deallocation=(frame(HOSTILE["invisible"], f"/src/{HOSTILE['template']}.py", 1),),
)


def proof(
    violation: Violation,
    held: Control,
    blob: str,
    size: int,
    engine: str = "libfuzzer",
    entry: str = "pixview:@@",
    found_s: float = 12.5,
) -> Proof:
    return Proof(
        entry_id=entry,
        signature=violation.signature,
        violation=violation,
        blob=blob * 64,
        size=size,
        original_size=size * 37,
        replays=10,
        fired=10,
        controls=(
            NegativeControl(name="empty input", blob="e" * 64, size=0, fired=False),
            NegativeControl(name="benign sample from the project", blob="f" * 64, size=2180, fired=False),
        ),
        control=held,
        engine=engine,
        found_s=found_s,
        report="==1==ERROR: AddressSanitizer",
        bundle=f"proofs/{violation.kind.value}-{violation.signature[:8]}{blob}.proof",
    )


def finding(
    violation: Violation, rated: Severity, cwe: int, cwe_name: str, title: str, explanation: str, *proofs: Proof
) -> Finding:
    at = violation.place
    assert at is not None
    return Finding(
        id=f"M-{violation.signature[:10]}",
        title=title,
        cwe=cwe,
        cwe_name=cwe_name,
        status=FindingStatus.PROVED,
        severity=rated,
        file=at.file.removeprefix("/src/"),
        line=at.line,
        function=at.function,
        explanation=explanation,
        proofs=proofs,
    )


def overflow() -> Finding:
    held = control(
        ControlTier.CONTROLLED_WRITE,
        "Changing bytes 10 to 11 of the input changed the size of the write: 255, 511 and 4,095 bytes for three values tried.",
        "Changing bytes 12 to 19 changed the bytes that were written past the object, one for one.",
    )
    return finding(
        OVERFLOW,
        severity(9.3, "Critical", "AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"),
        122,
        "Heap-based Buffer Overflow",
        "Heap buffer overflow (write of 255 bytes) in read_chunk",
        "When the fuzz target `pixview_fuzzer` receives an input of 28 bytes, `read_chunk` (src/chunk.c:134) writes 255 bytes at "
        "0 bytes past the end of a heap object of 4 bytes. The object was allocated in `read_chunk` (src/chunk.c:129). "
        "It did so in 10 of 10 replays in fresh sandboxes, while harmless inputs (empty input, benign sample from the project) "
        "did not. "
        "Changing the input's bytes steers where or how much memory is written.",
        proof(OVERFLOW, held, "a", 28, entry="fuzz/pixview_fuzzer", found_s=3.4),
        proof(OVERFLOW, control(ControlTier.UNCONTROLLED_READ, "Nothing moved."), "b", 34, engine="afl++", found_s=95.0),
    )


def use_after_free() -> Finding:
    held = control(ControlTier.UNCONTROLLED_READ, "96 changed inputs gave the same address, size and offset, or no violation.")
    return finding(
        USE_AFTER_FREE,
        severity(6.9, "Medium", "AV:L/AC:L/AT:N/PR:N/UI:P/VC:L/VI:N/VA:H/SC:N/SI:N/SA:N"),
        416,
        "Use After Free",
        "Heap use after free (read of 8 bytes) in palette_lookup",
        "When `pixview` reads a file with an input of 61 bytes, `palette_lookup` (src/palette.c:62) reads 8 bytes at 8 bytes "
        "into a heap object of 24 bytes that was already released. The object was released in `palette_free` (src/palette.c:55). "
        "It did so in 10 of 10 replays in fresh sandboxes.",
        proof(USE_AFTER_FREE, held, "c", 61, engine="afl++", found_s=201.0),
    )


def division() -> Finding:
    held = control(ControlTier.STOPS_PROGRAM, "The division ends the program; no memory outside an object is touched.")
    return finding(
        DIVISION,
        severity(6.8, "Medium", "AV:L/AC:L/AT:N/PR:N/UI:P/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N"),
        369,
        "Divide By Zero",
        "Division by zero in scale_ratio",
        "When `pixview` reads a file with an input of 22 bytes, `scale_ratio` (src/scale.c:9) triggers: division by zero. "
        "It did so in 10 of 10 replays in fresh sandboxes.",
        proof(DIVISION, held, "d", 22, found_s=31.0),
    )


def hostile() -> Finding:
    held = control(ControlTier.CONTROLLED_READ, f"Changing byte 3 moved the address. {HOSTILE['image']}")
    return finding(
        HOSTILE_VIOLATION,
        severity(8.5, "High", "AV:L/AC:L/AT:N/PR:N/UI:P/VC:H/VI:N/VA:H/SC:N/SI:N/SA:N"),
        125,
        "Out-of-bounds Read",
        f"Stack buffer overflow (read of 1 byte) in {HOSTILE['script']}",
        f"When `{HOSTILE['style']}` receives an input, {HOSTILE['template']} reads. {HOSTILE['bidi']} {HOSTILE['terminal']}",
        proof(HOSTILE_VIOLATION, held, "9", 48, entry=HOSTILE["attribute"], engine=HOSTILE["image"]),
    )


def entry(
    id_: str, kind: EntryKind, tallies: tuple[EngineTally, ...], covered: int, edges: int, units: int, risk: ResidualRisk
) -> EntryReport:
    return EntryReport(
        id=id_,
        language="c",
        kind=kind,
        boundary=Boundary.REAL,
        engines=tallies,
        executions=sum(t.executions for t in tallies),
        covered=covered,
        edges=edges,
        corpus_units=units,
        residual=risk,
    )


def tally(engine: str, executions: int, cpu_s: float, candidates: int, covered: int) -> EngineTally:
    return EngineTally(engine=engine, executions=executions, cpu_s=cpu_s, candidates=candidates, covered=covered)


def entries() -> tuple[EntryReport, ...]:
    return (
        entry(
            "fuzz/pixview_fuzzer",
            EntryKind.FUZZ_TARGET,
            (tally("libfuzzer", 14_218_004, 401.2, 12, 901), tally("afl++", 1_902_551, 190.0, 3, 874)),
            912,
            1204,
            388,
            ResidualRisk(
                discovery_probability=4.2e-7, completeness=0.964, basis="good-turing on edges of the last 10,000 executions"
            ),
        ),
        entry(
            "pixview:@@",
            EntryKind.PROGRAM_FILE,
            (tally("libfuzzer", 3_004_118, 96.5, 2, 760), tally("afl++", 88_210, 84.1, 1, 733)),
            781,
            2210,
            214,
            ResidualRisk(
                discovery_probability=0.00031, completeness=0.71, basis="good-turing on edges of the last 10,000 executions"
            ),
        ),
        entry(
            HOSTILE["attribute"],
            EntryKind.PROGRAM_STDIN,
            (),
            0,
            0,
            0,
            ResidualRisk(discovery_probability=None, completeness=None, basis=HOSTILE["markdown"]),
        ),
    )


def flaky() -> Flaky:
    return Flaky(
        entry_id="pixview:@@",
        signature="0f" * 8,
        violation=Violation(
            kind=ViolationKind.NULL_DEREFERENCE,
            detector="AddressSanitizer",
            message="SEGV on unknown address 0x000000000000",
            access=Access.READ,
            frames=(frame("thread_join", "/src/src/pool.c", 77, 4), *MAIN),
        ),
        blob="7" * 64,
        replays=10,
        fired=7,
        why="depends on which of two threads finishes first",
    )


def sources() -> dict[str, dict[int, str]]:
    hostile_lines = dict(enumerate(["int " + text + ";" for text in HOSTILE.values()], start=1))
    return {
        "src/chunk.c": numbered(CHUNK_C, 120) | {171: "\tif (read_chunk(&r, out) != 0)"},
        "src/palette.c": numbered(PALETTE_C, 51) | {31: "\tstruct palette *p = calloc(1, sizeof *p);"},
        "src/scale.c": numbered(SCALE_C, 7),
        "src/image.c": {88: "\treturn decode(bytes, size, out);"},
        f"{HOSTILE['image']}/{HOSTILE['bytes']}": hostile_lines,
    }


def inputs() -> dict[str, bytes]:
    chunk = b"PIXV\x01\x00\x02\x00\x02\x00\xff\x00" + b"AAAAAAAA" + bytes(range(0xF0, 0xF8))
    return {
        "a" * 64: chunk,
        "b" * 64: chunk + b"\n<hr>\x1b",
        "c" * 64: b"PIXV\x01\x00PLTE" + bytes(51),
        "d" * 64: b"PIXV\x01\x00SCAL\x00\x00\x00\x00\x10\x00\x00\x00dens",
        "9" * 64: b"<script>alert(5)</script>\x00\xff' onload=alert(6) \x1b[2J"[:48],
    }


def report(*, with_hostile: bool = True) -> RunReport:
    """The sample run: three ordinary findings, and one from a project that attacks its reader."""
    found = (division(), use_after_free(), overflow()) + ((hostile(),) if with_hostile else ())
    skipped = (
        Skipped(what="contrib/python-bindings", reason="Python is not among the languages of this version"),
        Skipped(what="tools/pixserver", reason="reads from a socket; no entry point of this kind is supported yet"),
        Skipped(what=HOSTILE["bytes"], reason=f"{HOSTILE['script']} {HOSTILE['terminal']}"),
    )
    return RunReport(
        run="20250612-081502-6f1c",
        started="2025-06-12T08:15:02+00:00",
        project_name="pixview" if not with_hostile else f"pixview {HOSTILE['style']}",
        project_origin="/srv/code/pixview",
        snapshot="3d5a" * 16,
        files=214,
        size_bytes=1_912_338,
        toolchain={"clang": "19.1.7", "afl++": "4.04c", "bubblewrap": "0.8.0"},
        options=RunOptions(target="/srv/code/pixview", out="/srv/out"),
        findings=found,
        flaky=(flaky(),),
        entry_points=entries() if with_hostile else entries()[:2],
        skipped=skipped if with_hostile else skipped[:2],
        cost=Cost(cpu_s=771.8, wall_s=412.2, orchestration_cpu_s=9.1),
        scope_owner="Example Bank, Application Security",
        sources=sources(),
        inputs=inputs(),
        patches={f.id: patches(f, hostile_=f is found[-1] and with_hostile) for f in found[1:]},
    )


def patches(finding: Finding, *, hostile_: bool = False) -> tuple[Patch, ...]:
    """A patch that passed the gate, and one that did not; of the hostile project, with its words in every place."""
    words = " ".join(HOSTILE.values()).replace("\n", " ").replace("\r", " ") if hostile_ else ""
    before, after = (
        f"int f(int n)\n{{\n    {words}\n    return g(n);\n}}\n",
        f"int f(int n)\n{{\n    {words}\n    return h(n);\n}}\n",
    )
    raw = [text.encode("utf-8", "surrogatepass" if hostile_ else "strict") for text in (before, after)]
    proposal = Proposal(
        proposer="bounds",
        cause=f"The length is used before it is compared with the size of the buffer.{words}",
        fix=f"Refuse lengths that the buffer does not hold.{words}",
        diff=made({"src/f.c": (raw[0], raw[1])}),
        condition="n > 16",
        functions=("f",),
    )
    evidence = (f"seen{words}",)
    passed = tuple(
        StepRecord(step=s, outcome=Outcome.EMPTY if s is GateStep.TESTS else Outcome.PASSED, evidence=evidence, seconds=1.5)
        for s in GateStep
    )
    stopped = StepRecord(step=GateStep.PROOFS, outcome=Outcome.FAILED, evidence=(f"proof 1 still shows it{words}",), seconds=0.2)
    best = Patch(finding=finding.id, proposal=proposal, status=PatchStatus.VALIDATED, gate=passed, added=1, removed=1)
    other = replace(best, status=PatchStatus.PROPOSED, gate=(stopped,), proposal=replace(proposal, fix="Refuse all."))
    return (best, other)


def empty_report() -> RunReport:
    """A run that proved nothing."""
    full = report(with_hostile=False)
    return RunReport(
        run=full.run,
        started=full.started,
        project_name=full.project_name,
        project_origin=full.project_origin,
        snapshot=full.snapshot,
        files=full.files,
        size_bytes=full.size_bytes,
        toolchain=full.toolchain,
        options=full.options,
        findings=(),
        flaky=(),
        entry_points=full.entry_points,
        skipped=(),
        cost=full.cost,
    )
