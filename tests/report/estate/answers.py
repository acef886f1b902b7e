"""Hand-made answers: one goal that is reached, one only by a flaw that nobody knows, one that is not reached."""

from dataclasses import replace

from mithridate.model.estate import (
    Action,
    Answer,
    AttackGraph,
    AttackPath,
    BestChanges,
    Blast,
    BrokenRecord,
    Confidence,
    Conflict,
    Cut,
    EstateSummary,
    Evidence,
    Fact,
    FlawDecision,
    GoalAnswer,
    GoalState,
    Identity,
    Matching,
    Merge,
    Question,
    Reading,
    ShownAtom,
    ShownInstance,
    Step,
    Term,
)

HOSTILE = {
    "script": "host:</script><script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "markdown": "host:[click](javascript:alert(1)) ![x](x) `|` <b>",
    "bidi": "account:admin\u202egpj.exe\u200f",
    "escape": "host:\x1b[31mred\x1b]0;title\x07",
    "long": "software:" + "x" * 1000,
    "surrogate": "host:caf\udce9",
}


def fact(predicate: str, *terms: Term, source: str = "scan.xml", place: int = 0, how: Confidence = Confidence.OBSERVED) -> Fact:
    """A fact with one piece of evidence."""
    return Fact(predicate=predicate, terms=terms, evidence=(Evidence(source=source, place=place, confidence=how),))


class Drawing:
    """A shown graph made way by way; atoms get their numbers as they come up."""

    def __init__(self) -> None:
        self.atoms: dict[str, ShownAtom] = {}
        self.ways: list[ShownInstance] = []

    def atom(self, text: str, cost: float = 0.0) -> int:
        """The number of an atom that is written "kind(term, term)"."""
        if text not in self.atoms:
            kind, _, rest = text.rstrip(")").partition("(")
            node = next((t for t in rest.split("; ") if ":" in t), "")
            self.atoms[text] = ShownAtom(id=100 + len(self.atoms), text=text, node=node, kind=kind, cost=cost)
        return self.atoms[text].id

    def way(self, rule: str, sentence: str, head: str, *needs: str, facts: tuple[Fact, ...] = (), **more: object) -> None:
        """One instance; `cost`, `techniques`, `pack`, `hidden`, `confidence` as a ShownInstance has them."""
        cost = float(str(more.get("cost", 0.0)))
        known = [self.atom(n) for n in needs]
        base = max((a.cost for a in self.atoms.values() if a.id in known), default=0.0)
        self.ways.append(
            ShownInstance(
                id=1000 + len(self.ways),
                rule=rule,
                pack=str(more.get("pack", "network")),
                sentence=sentence,
                cost=cost,
                confidence=float(str(more.get("confidence", 1.0))),
                techniques=more.get("techniques", ()),  # type: ignore[arg-type]
                hidden=bool(more.get("hidden", False)),
                head=self.atom(head, base + cost),
                needs=tuple(known),
                facts=facts,
            )
        )

    def graph(self, left_out: int = 0) -> AttackGraph:
        """What was drawn."""
        return AttackGraph(atoms=tuple(self.atoms.values()), instances=tuple(self.ways), left_out=left_out)


WEB_FLAW = fact("vulnerable", "host:web", "software:nginx 1.18", "vulnerability:CVE-2031-1001", source="web.nessus", place=212)
KEY = fact("stores_key", "host:web", "account:svc-app", source="hosts.csv", place=17, how=Confidence.INFERRED)
LOGIN = fact("may_log_in", "account:svc-app", "host:db", source="directory.json", place=4)
HOLDS = fact("holds", "host:db", "data:payments", source="register.yaml", place=9)
UNKNOWN = fact("unknown_flaw", "host:hsm", how=Confidence.ASSUMED, source="assumed")
OPEN = fact("allow", "zone:internet", "zone:dmz", "tcp", 443, 443, source="edge.rules", place=31)
INNER = fact("allow", "zone:dmz", "zone:lan", "tcp", 1, 65535, source="core.rules", place=8)
WEB_IN = fact("in_zone", "host:web", "zone:dmz", source="scan.xml", place=5)
DB_IN = fact("in_zone", "host:db", "zone:lan", source="scan.xml", place=88)
HSM_IN = fact("in_zone", "host:hsm", "zone:lan", source="scan.xml", place=120)

PATCH = Action(
    id="patch-1a",
    kind="patch",
    sentence="Patch software:nginx 1.18 on host:web",
    cost=2.0,
    removes=1,
    takes=(Fact(predicate="vulnerable", terms=("host:web", "software:nginx 1.18", "_")),),
)
CLOSE = Action(
    id="close-2b",
    kind="close",
    sentence="Forbid zone:dmz to reach zone:lan on tcp 1 to 65535",
    cost=3.0,
    removes=1,
    takes=(Fact(predicate="allow", terms=("zone:dmz", "zone:lan", "tcp", 1, 65535)),),
)

EXPLOIT = Step(
    rule="remote-exploit",
    pack="network",
    sentence="software:nginx 1.18 on host:web has vulnerability:CVE-2031-1001: whoever connects to tcp 443 runs code as "
    "account:www.",
    gives=fact("code", "host:web", "account:www"),
    cost=3.0,
    confidence=0.9,
    techniques=("T1210",),
    facts=(OPEN, WEB_IN, WEB_FLAW),
)
STEAL = Step(
    rule="read-stored-key",
    pack="credentials",
    sentence="host:web keeps the key of account:svc-app: the attacker reads it.",
    gives=fact("has", "account:svc-app"),
    cost=1.0,
    techniques=("T1552.004",),
    needs=(0,),
    facts=(KEY,),
)
LOG_IN = Step(
    rule="log-in",
    pack="credentials",
    sentence="The attacker logs in to host:db as account:svc-app.",
    gives=fact("code", "host:db", "account:svc-app"),
    cost=1.0,
    techniques=("T1021.004", "T1078"),
    needs=(0, 1),
    facts=(INNER, DB_IN, LOGIN),
)
READ = Step(
    rule="read-what-a-node-holds",
    pack="base",
    sentence="host:db holds data:payments: the attacker reads it there.",
    gives=fact("reads", "data:payments"),
    cost=0.0,
    techniques=("T1005",),
    needs=(2,),
    facts=(HOLDS,),
)
PRY = Step(
    rule="assumed-flaw",
    pack="assumed",
    sentence="If host:hsm has a flaw that nobody knows, whoever reaches it controls it.",
    gives=fact("reached", "host:hsm"),
    cost=40.0,
    confidence=0.2,
    techniques=("T1210",),
    needs=(0,),
    facts=(INNER, HSM_IN, UNKNOWN),
)


def drawing() -> Drawing:
    """The estate of `answer`, as it is shown."""
    made = Drawing()
    made.way(
        "start-in-zone", "The attacker starts in zone:internet.", "foothold(zone:internet)", "start(zone:internet)", hidden=True
    )
    made.way(
        "pass", "zone:internet may connect to zone:dmz.", "net(zone:dmz)", "foothold(zone:internet)", facts=(OPEN,), hidden=True
    )
    made.way("connect", "The attacker connects to host:web.", "access(host:web)", "net(zone:dmz)", facts=(WEB_IN,), hidden=True)
    step(made, EXPLOIT, "code(host:web)", "access(host:web)")
    made.way("move", "From host:web into zone:dmz.", "foothold(zone:dmz)", "code(host:web)", facts=(WEB_IN,), hidden=True)
    made.way("pass", "zone:dmz may connect to zone:lan.", "net(zone:lan)", "foothold(zone:dmz)", facts=(INNER,), hidden=True)
    made.way("connect", "The attacker connects to host:db.", "access(host:db)", "net(zone:lan)", facts=(DB_IN,), hidden=True)
    made.way("connect", "The attacker connects to host:hsm.", "access(host:hsm)", "net(zone:lan)", facts=(HSM_IN,), hidden=True)
    step(made, STEAL, "has(account:svc-app)", "code(host:web)")
    step(made, LOG_IN, "code(host:db)", "access(host:db)", "has(account:svc-app)")
    step(made, READ, "reads(data:payments)", "code(host:db)")
    made.way("reach-data", "", "reached(data:payments)", "reads(data:payments)", hidden=True, pack="base")
    step(made, PRY, "reached(host:hsm)", "access(host:hsm)")
    return made


def step(made: Drawing, shown: Step, head: str, *needs: str) -> None:
    """A step of a path, as a way of the graph."""
    made.way(
        shown.rule,
        shown.sentence,
        head,
        *needs,
        facts=shown.facts[-1:],
        cost=shown.cost,
        techniques=shown.techniques,
        pack=shown.pack,
        confidence=shown.confidence,
    )


def answer() -> Answer:
    """One goal of each state."""
    steal = AttackPath(goal="data:payments", cost=8.0, effort=5.0, confidence=0.9, steps=(EXPLOIT, STEAL, LOG_IN, READ))
    pry = AttackPath(goal="host:hsm", cost=43.0, effort=43.0, confidence=0.18, steps=(EXPLOIT, PRY))
    goals = (
        GoalAnswer(node="data:payments", state=GoalState.REACHED, cost=8.0, paths=(steal,), flaws=(), flaws_bound=0),
        GoalAnswer(node="host:hsm", state=GoalState.ASSUMED, cost=43.0, paths=(pry,), flaws=(UNKNOWN,), flaws_bound=1),
        GoalAnswer(node="host:backup", state=GoalState.UNREACHED, cost=None, paths=(), flaws=None, flaws_bound=0),
    )
    return Answer(
        question=Question(starts=("zone:internet",), goals=("tag:crown-jewel",), blast=("host:web",)),
        summary=summary(),
        starts=("zone:internet",),
        goals=goals,
        reached=(("data", 1), ("host", 2)),
        cut=Cut(goals=("data:payments",), actions=(PATCH,), cost=2.0, lower_bound=2.0),
        best=BestChanges(
            actions=(CLOSE, PATCH),
            cost=5.0,
            protected=("data:payments",),
            costs=(("data:payments", 8.0, None),),
            exact=False,
        ),
        blasts=(
            Blast(
                node="host:web", reached=(("host", 2),), goals=("data:payments",), nearest=(("host:web", 0.0), ("host:db", 2.0))
            ),
        ),
        graph=drawing().graph(left_out=4),
        seconds=(("ground", 0.25), ("cut", 0.125)),
    )


def summary() -> EstateSummary:
    """Four files, one of them with records that were passed over."""
    nessus = Reading(source="web.nessus", reader="nessus", records=240, facts=410, passed_over=2)
    nessus.broken.append(BrokenRecord(source="web.nessus", place=77, reason="a port that is no number: 'http'"))
    nessus.broken.append(BrokenRecord(source="web.nessus", place=78, reason="a report item without a host"))
    return EstateSummary(
        readings=(
            nessus,
            Reading(source="scan.xml", reader="nmap", records=130, facts=350),
            Reading(source="directory.json", reader="bloodhound", records=12, facts=40),
        ),
        facts=(("in_zone", 120), ("vulnerable", 31), ("allow", 12)),
        nodes=(("host", 120), ("account", 44), ("zone", 3)),
        atoms=900,
        instances=1400,
        packs=("base", "network", "credentials", "assumed"),
        identity=Identity(
            merges=(
                Merge(
                    node="host:web",
                    names=("host:192.0.2.7",),
                    by=(("ip", "192.0.2.7"),),
                    evidence=evidence("scan.xml", 5) + evidence("web.nessus", 3),
                ),
            ),
            conflicts=(Conflict(kind="ip", value="192.0.2.9", nodes=("host:a", "host:b"), differ="sid"),),
            merged=1,
            conflicting=1,
        ),
        matching=Matching(
            decisions=(
                FlawDecision(
                    vulnerability="vulnerability:CVE-2031-3003",
                    software="software:parcel 1.0",
                    kept=False,
                    reason="it is stated to be fixed in shop",
                    hosts=3,
                    evidence=evidence("shop.vex.json", 4),
                ),
            ),
            decided=1,
            undecided=9,
            incomparable=tuple(f"pkg:npm/left-{i}: '1.x.{i}' is no version of npm: InvalidVersion" for i in range(9)),
        ),
    )


def evidence(source: str, place: int) -> tuple[Evidence, ...]:
    """One place that says so."""
    return (Evidence(source=source, place=place, confidence=Confidence.INFERRED),)


def hostile() -> Answer:
    """`answer` with names that attack whoever reads it."""
    names = HOSTILE
    made = answer()
    broken = BrokenRecord(source=names["script"], place=1, reason=names["escape"])
    reading = Reading(source=names["markdown"], reader="nmap", records=1, passed_over=1, broken=[broken])
    bad = fact("vulnerable", names["script"], names["long"], names["bidi"], source=names["markdown"], place=3)
    step_ = replace(EXPLOIT, sentence=" ".join(names.values()), gives=fact("code", names["script"]), facts=(bad,))
    path = AttackPath(goal=names["script"], cost=3.0, effort=3.0, confidence=1.0, steps=(step_,))
    goal = GoalAnswer(node=names["script"], state=GoalState.REACHED, cost=3.0, paths=(path,), flaws=(), flaws_bound=0)
    drawn = Drawing()
    for node in names.values():
        drawn.way("start", node, f"code({node})", f"start({names['surrogate']})", facts=(bad,))
    drawn.way(
        EXPLOIT.rule, step_.sentence, f"reached({names['script']})", f"code({names['bidi']})", facts=(bad,), techniques=("T1210",)
    )
    action = replace(PATCH, sentence=f"Patch {names['long']} on {names['script']}")
    return replace(
        made,
        starts=(names["surrogate"],),
        goals=(goal, *made.goals[1:]),
        summary=replace(
            made.summary,
            readings=(reading,),
            packs=(names["script"],),
            identity=Identity(
                merges=(Merge(node=names["script"], names=tuple(names.values()), by=((names["escape"], names["bidi"]),)),),
                conflicts=(Conflict(kind="ip", value=names["markdown"], nodes=tuple(names.values()), differ="sid"),),
                merged=1,
                conflicting=1,
            ),
            matching=Matching(incomparable=tuple(names.values()), undecided=len(names), gone=(names["markdown"],)),
        ),
        cut=replace(made.cut, goals=(names["script"],), actions=(action,), uncut=(names["bidi"],)),
        blasts=(replace(made.blasts[0], node=names["script"], nearest=((names["escape"], 1.0),)),),
        graph=drawn.graph(),
        taken=(names["markdown"],),
    )


def unfound() -> Answer:
    """`answer`, with no cut found in the time that was given."""
    return replace(answer(), cut=Cut(goals=(), actions=(), cost=float("inf"), lower_bound=3.0))


def large(hosts: int) -> Answer:
    """An answer whose graph has about three ways for each host, in ten zones."""
    made = answer()
    drawn = drawing()
    for number in range(hosts):
        host, zone = f"host:pc{number:04}", f"zone:floor{number % 10}"
        inside = fact("in_zone", host, zone, place=number + 1)
        flaw = fact("vulnerable", host, "software:reader 9", "vulnerability:CVE-2031-2002", place=number + 1)
        drawn.way("pass", f"zone:lan may connect to {zone}.", f"net({zone})", "net(zone:lan)", hidden=True, facts=(INNER,))
        drawn.way("connect", f"The attacker connects to {host}.", f"access({host})", f"net({zone})", hidden=True, facts=(inside,))
        drawn.way(
            "remote-exploit",
            f"software:reader 9 on {host} is attacked.",
            f"code({host})",
            f"access({host})",
            facts=(flaw,),
            cost=3.0 + number % 4,
            techniques=("T1210",),
        )
    return replace(made, graph=drawn.graph(left_out=120_000))
