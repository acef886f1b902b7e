// What is drawn: elements (an estate's node, an atom, a group, or a joint where a way needs several things) and lines between them.
const GROUP_FROM = 12; // members: smaller groups are never collapsed
const GROUPS_FROM = 60; // elements: smaller drawings are shown whole

const atomKey = (at, mode) => {
  const atom = estate.atoms[at];
  return mode === "nodes" && atom.node >= 0 ? `n${atom.node}` : `a${at}`;
};

// Every element that the ways touch, before grouping.
const touched = (ways, mode) => {
  const elements = new Map();
  const add = (at) => {
    const key = atomKey(at, mode);
    if (!elements.has(key)) elements.set(key, { key, atoms: new Set(), own: new Set(), node: estate.atoms[at].node });
    elements.get(key).atoms.add(at);
  };
  for (const at of ways) {
    add(estate.ways[at].gives);
    estate.ways[at].needs.forEach(add);
  }
  return elements;
};

const groupName = (element, by) => {
  const first = estate.atoms[element.atoms.values().next().value];
  const node = element.node >= 0 ? estate.nodes[element.node] : null;
  const kind = node ? node.kind : first.kind;
  if (by === "zone" && node && node.zone) return `${kind} nodes in ${node.zone.replace(/^zone:/, "")}`;
  return `${kind} nodes`;
};

const standsAlone = (element, view) => {
  const node = element.node >= 0 ? estate.nodes[element.node] : null;
  return (node && (node.goal || node.start)) || view.pinned.has(element.key)
    || [...element.atoms].some((atom) => view.pathAtoms.has(atom));
};

// Which group each element is drawn in; elements that are missing here stand for themselves.
const grouping = (elements, view) => {
  const groups = new Map();
  if (view.group === "none" || elements.size <= GROUPS_FROM) return { of: new Map(), groups };
  for (const element of elements.values()) {
    if (standsAlone(element, view)) continue;
    const name = groupName(element, view.group);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(element.key);
  }
  const of = new Map();
  for (const [name, members] of groups) {
    if (members.length < GROUP_FROM) groups.delete(name);
    else if (!view.expanded.has(name)) members.forEach((key) => of.set(key, `g${name}`));
  }
  return { of, groups };
};

const labelOf = (element) => {
  if (element.node < 0 || element.key.startsWith("a")) return shortened(estate.atoms[element.atoms.values().next().value].text, 70);
  const node = estate.nodes[element.node];
  const used = new Set([...element.own].flatMap((at) => estate.ways[at].techniques));
  const marks = [...used].slice(0, 2).join(" ");
  return `${shortened(node.name, 26)}\n${node.kind}${marks ? ` · ${marks}` : ""}`;
};

const joinGroups = (elements, of) => {
  const drawn = new Map();
  for (const element of elements.values()) {
    const key = of.get(element.key);
    if (!key) {
      drawn.set(element.key, element);
      continue;
    }
    if (!drawn.has(key)) drawn.set(key, { key, atoms: new Set(), own: new Set(), node: -1, members: [], name: key.slice(1) });
    const group = drawn.get(key);
    group.members.push(element.key);
    element.atoms.forEach((atom) => group.atoms.add(atom));
  }
  return drawn;
};

const line = (lines, from, to, at) => {
  const key = `${from} ${to}`;
  if (!lines.has(key)) lines.set(key, { key, from, to, ways: [] });
  lines.get(key).ways.push(at);
};

const connect = (at, drawn, lines, keyOf) => {
  const way = estate.ways[at];
  const to = keyOf(way.gives);
  const from = [...new Set(way.needs.map(keyOf))].filter((key) => key !== to);
  if (from.length === 0) drawn.get(to).own.add(at);
  const grouped = [to, ...from].some((key) => key.startsWith("g"));
  if (from.length < 2 || grouped) {
    from.forEach((key) => line(lines, key, to, at));
    return;
  }
  const joint = `j${at}`;
  drawn.set(joint, { key: joint, atoms: new Set([way.gives]), own: new Set(), node: -1, joint: at });
  from.forEach((key) => line(lines, key, joint, at));
  line(lines, joint, to, at);
};

// {elements: Map(key → element), lines: Map(key → line), groups: Map(name → keys)} of the ways that the view shows.
const draw = (view) => {
  const elements = touched(view.ways, view.mode);
  const { of, groups } = grouping(elements, view);
  const drawn = joinGroups(elements, of);
  const keyOf = (atom) => {
    const key = atomKey(atom, view.mode);
    return of.get(key) || key;
  };
  const lines = new Map();
  view.ways.forEach((at) => connect(at, drawn, lines, keyOf));
  for (const element of drawn.values()) {
    if (element.members) element.label = `${element.members.length.toLocaleString("en")} ${element.name}`;
    else element.label = element.joint === undefined ? labelOf(element) : "";
  }
  return { elements: drawn, lines, groups };
};

const elementTitle = (element) => {
  if (element.members) return `${element.members.length.toLocaleString("en")} ${element.name}`;
  if (element.joint !== undefined) return `All of these together: ${estate.ways[element.joint].text}`;
  if (element.node >= 0 && element.key.startsWith("n")) return nodeName(estate.nodes[element.node]);
  return estate.atoms[element.atoms.values().next().value].text;
};
