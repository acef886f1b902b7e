// The estate as the page was given it, and what holds in it. Atoms, ways, nodes and facts are named by their places.
const estate = JSON.parse(document.getElementById("estate").textContent);

const producers = estate.atoms.map(() => []);
estate.ways.forEach((way, at) => producers[way.gives].push(at));

const usesOfAtoms = estate.atoms.map(() => []);
estate.ways.forEach((way, at) => way.needs.forEach((atom) => usesOfAtoms[atom].push(at)));

// What holds when the ways in `stopped` are impossible: for each atom the round in which it came to hold, from 0; -1 for never.
// What no shown way gives is taken to hold from the start.
const derive = (stopped) => {
  const round = estate.atoms.map((_, atom) => (producers[atom].length ? -1 : 0));
  const missing = estate.ways.map((way) => way.needs.length);
  const give = (at, when, next) => {
    const head = estate.ways[at].gives;
    if (stopped.has(at) || round[head] >= 0) return;
    round[head] = when;
    next.push(head);
  };
  let fresh = round.flatMap((when, atom) => (when === 0 ? [atom] : []));
  const first = [];
  missing.forEach((count, at) => { if (!count) give(at, 1, first); });
  for (let when = 1; fresh.length || first.length; when += 1) {
    const next = when === 1 ? first.splice(0) : [];
    for (const atom of fresh) {
      for (const at of usesOfAtoms[atom]) {
        missing[at] -= 1;
        if (missing[at] === 0) give(at, when, next);
      }
    }
    fresh = next;
  }
  return round;
};

const firstRounds = derive(new Set());

const stoppedBy = (actions) => new Set([...actions].flatMap((action) => estate.actions[action].stops));
const cutActions = estate.actions.flatMap((action, at) => (action.cut ? [at] : []));
const stoppedByCut = stoppedBy(cutActions);
const pathWays = new Set(estate.paths.flatMap((path) => path.ways));

const nodeName = (node) => `${node.kind}:${node.name}`;

const goalsWithin = (rounds) => {
  const within = new Set();
  estate.atoms.forEach((atom, at) => {
    if (atom.kind === "reached" && atom.node >= 0 && estate.nodes[atom.node].goal && rounds[at] >= 0) within.add(atom.node);
  });
  return within;
};

// The words that a way can be found by.
const wayText = estate.ways.map((way) => [
  way.text, way.rule, way.pack, ...way.techniques,
  estate.atoms[way.gives].text,
  ...[way.gives, ...way.needs].filter((atom) => estate.atoms[atom].node >= 0).map((atom) => nodeName(estate.nodes[estate.atoms[atom].node])),
  ...way.facts.map((fact) => estate.facts[fact].text),
].join("\n").toLowerCase());

const kindsOfWay = (way) => [way.gives, ...way.needs].map((atom) => estate.atoms[atom].node).filter((node) => node >= 0).map((node) => estate.nodes[node].kind);

// The ways that a filter keeps: {text, kind, pack, technique, pathsOnly}, empty for any.
const filtered = (filter) => {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return estate.ways.flatMap((way, at) => {
    const keep = (!filter.pathsOnly || pathWays.has(at))
      && (!filter.pack || way.pack === filter.pack)
      && (!filter.technique || way.techniques.includes(filter.technique))
      && (!filter.kind || kindsOfWay(way).includes(filter.kind))
      && words.every((word) => wayText[at].includes(word));
    return keep ? [at] : [];
  });
};

const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const shortened = (text, longest) => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);
const priced = (cost) => (cost === null ? "unknown" : String(Math.round(cost * 100) / 100));
