// Without this script all paths, the cut and the evidence can be read; it adds the drawing, the list, filters and what-if.
const byId = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const view = {
  ways: [], mode: "nodes", group: "kind", expanded: new Set(), pinned: new Set(), pathAtoms: new Set(),
  path: -1, done: new Set(), rounds: firstRounds, stopped: new Set(), rows: PAGE,
  lost: (at) => view.stopped.has(at) || estate.ways[at].needs.some((atom) => view.rounds[atom] < 0),
};
let drawing = { elements: new Map(), lines: new Map(), groups: new Map() };
let canvas = null;

const say = (text) => { byId("said").textContent = text; };
const filter = () => ({
  text: byId("query").value, kind: byId("kind").value, pack: byId("pack").value, technique: byId("technique").value,
  pathsOnly: byId("paths-only").getAttribute("aria-pressed") === "true",
});

const atomsOfPaths = () => new Set([...pathWays].flatMap((at) => [estate.ways[at].gives, ...estate.ways[at].needs]));

const rebuild = () => {
  view.ways = filtered(filter());
  drawing = draw(view);
  if (canvas) canvas.replace(drawing);
  byId("collapse").hidden = view.expanded.size + view.pinned.size === 0;
  repaint();
  if (canvas) canvas.overview();
  const left = estate.leftOut ? `, ${counted(estate.leftOut, "more way")} left out of this page` : "";
  byId("shown").textContent = `${view.ways.length === estate.ways.length ? "All" : view.ways.length.toLocaleString("en")} of ${counted(estate.ways.length, "way")}${left}`;
};

const NAMES = ["path", "cut", "lost"];

const classesOf = (id, isEdge) => {
  const onPath = view.path >= 0 ? new Set(estate.paths[view.path].ways) : new Set();
  const drawn = isEdge ? drawing.lines.get(id) : drawing.elements.get(id);
  const ways = isEdge ? drawn.ways : [...drawn.own];
  const lost = isEdge ? ways.every(view.lost) : [...drawn.atoms].every((atom) => view.rounds[atom] < 0);
  const path = isEdge ? ways.some((at) => onPath.has(at)) : [...drawn.atoms].some((atom) => pathAtomsNow.has(atom)) && !drawn.members;
  const cut = ways.some((at) => stoppedByCut.has(at)) && drawn.joint === undefined;
  return [path && "path", cut && "cut", lost && "lost"];
};

let pathAtomsNow = new Set();
const repaint = () => {
  const ways = view.path >= 0 ? estate.paths[view.path].ways : [];
  pathAtomsNow = new Set(ways.flatMap((at) => [estate.ways[at].gives, ...estate.ways[at].needs]));
  if (canvas) canvas.paint(NAMES, classesOf);
  showList(view, view.rows, { pickWay });
};

const keyOfAtom = (atom) => {
  const key = atomKey(atom, view.mode);
  if (drawing.elements.has(key)) return key;
  const group = [...drawing.elements.values()].find((element) => element.members && element.members.includes(key));
  return group ? group.key : key;
};

const open = (key) => {
  if (canvas) canvas.show(key);
  const handlers = { pick: pickAtom, pin, expand, neighbours };
  const element = drawing.elements.get(key);
  const told = element ? toldElement(element, handlers) : toldLine(drawing.lines.get(key), drawing.elements, handlers);
  showDetails(told);
  say(told.title);
};

const unfold = (key) => {
  const element = drawing.elements.get(key);
  if (element && element.members) expand(element.name);
  else byId("details").focus();
};

const pickAtom = (atom) => {
  const key = keyOfAtom(atom);
  if (drawing.elements.has(key)) open(key);
  else showDetails({ title: estate.atoms[atom].text, parts: wayBlocks(producers[atom], pickAtom) });
};

const pickWay = (at) => {
  if (canvas) canvas.show(keyOfAtom(estate.ways[at].gives));
  showDetails({ title: estate.ways[at].rule, parts: [wayBlock(at, pickAtom)] });
  say(`Details of ${estate.ways[at].rule} shown`);
};

const expand = (name) => {
  view.expanded.add(name);
  rebuild();
  say(`${name} expanded, ${counted(drawing.elements.size, "element")} drawn`);
};

const pin = (key) => {
  view.pinned.add(key);
  rebuild();
  if (drawing.elements.has(key)) open(key);
};

// Takes everything that has a way to or from an element out of its group.
const neighbours = (key) => {
  const before = drawing.elements.size;
  const atoms = drawing.elements.get(key).atoms;
  const near = [...atoms].flatMap((atom) => [...producers[atom], ...usesOfAtoms[atom]]);
  near.forEach((at) => [estate.ways[at].gives, ...estate.ways[at].needs].forEach((atom) => view.pinned.add(atomKey(atom, view.mode))));
  rebuild();
  if (drawing.elements.has(key)) open(key);
  say(`Neighbours expanded, ${counted(drawing.elements.size - before, "element")} more`);
};

const collapse = () => {
  view.expanded.clear();
  view.pinned.clear();
  rebuild();
  say(`Groups collapsed, ${counted(drawing.elements.size, "element")} drawn`);
};

// Paths: one is open at a time; arrows go through its steps.
const stepButtons = (path) => all(`#path-${path} .step`);

const choosePath = (path) => {
  view.path = path;
  repaint();
  if (canvas) canvas.overview();
  say(path >= 0 ? `Path to ${estate.paths[path].goal} shown` : "No path shown");
};

const pickStep = (path, at, { focus = false } = {}) => {
  stepButtons(path).forEach((button, i) => {
    button.tabIndex = i === at ? 0 : -1;
    if (i === at) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
    if (focus && i === at) button.focus();
  });
  const step = estate.paths[path].steps[at];
  const parts = step.way >= 0 ? [wayBlock(step.way, pickAtom, step.facts)] : [make("p", { class: "sentence" }, step.text), evidence(step.facts)];
  if (canvas && step.way >= 0) canvas.show(keyOfAtom(estate.ways[step.way].gives));
  showDetails({ title: `Step ${at + 1} of ${estate.paths[path].steps.length}`, parts });
  say(`Step ${at + 1} of ${estate.paths[path].steps.length}: ${step.text}`);
};

const STEP_KEYS = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: (_, last) => last };

const wirePath = (details, path) => {
  details.addEventListener("toggle", () => {
    if (details.open && view.path !== path) choosePath(path);
    else if (!details.open && view.path === path) choosePath(-1);
  });
  stepButtons(path).forEach((button, at) => {
    button.tabIndex = at === 0 ? 0 : -1;
    button.addEventListener("click", () => pickStep(path, at));
    button.addEventListener("keydown", (event) => {
      if (!STEP_KEYS[event.key]) return;
      const last = estate.paths[path].steps.length - 1;
      pickStep(path, Math.min(last, Math.max(0, STEP_KEYS[event.key](at, last))), { focus: true });
      event.preventDefault();
    });
  });
};

// What-if: actions taken as done.
const done = () => {
  view.stopped = stoppedBy(view.done);
  view.rounds = derive(view.stopped);
  all("[data-action]").forEach((box) => { box.checked = view.done.has(Number(box.dataset.action)); });
  byId("after-cut").setAttribute("aria-pressed", String(cutActions.length > 0 && cutActions.every((at) => view.done.has(at))));
  const told = view.done.size ? whatIf() : "";
  byId("what-if").textContent = told;
  byId("what-if").hidden = !told;
  repaint();
  say(told || "As the estate is today");
};

const whatIf = () => {
  const names = (nodes) => [...nodes].slice(0, 5).map((node) => nodeName(estate.nodes[node])).join(", ") + (nodes.size > 5 ? " and more" : "");
  const before = goalsWithin(firstRounds);
  const after = goalsWithin(view.rounds);
  const gone = new Set([...before].filter((node) => !after.has(node)));
  const head = `After ${counted(view.done.size, "action")}: `;
  const cutOff = gone.size ? `no shown path leads to ${names(gone)} any more` : "every goal stays within reach";
  const stays = gone.size && after.size ? `; ${names(after)} ${after.size === 1 ? "stays" : "stay"} within reach` : "";
  return `${head}${cutOff}${stays}.`;
};

const wireActions = () => {
  all("[data-action]").forEach((box) => box.addEventListener("change", () => {
    if (box.checked) view.done.add(Number(box.dataset.action));
    else view.done.delete(Number(box.dataset.action));
    done();
  }));
  byId("after-cut").hidden = cutActions.length === 0;
  byId("after-cut").addEventListener("click", (event) => {
    view.done = new Set(event.currentTarget.getAttribute("aria-pressed") === "true" ? [] : cutActions);
    done();
  });
};

const choices = (id, values) => {
  const found = [...new Set(values)].filter(Boolean).sort();
  byId(id).append(...found.map((value) => make("option", { value }, shortened(value, 60))));
  byId(id).closest("label").hidden = found.length < 2;
};

const later = (action) => {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, 150);
  };
};

const sayShown = () => { rebuild(); say(byId("shown").textContent); };

const wireFilters = () => {
  choices("kind", estate.nodes.map((node) => node.kind));
  choices("pack", estate.ways.map((way) => way.pack));
  choices("technique", estate.ways.flatMap((way) => way.techniques));
  ["kind", "pack", "technique"].forEach((id) => byId(id).addEventListener("change", sayShown));
  byId("query").addEventListener("input", later(sayShown));
  byId("paths-only").addEventListener("click", (event) => {
    event.currentTarget.setAttribute("aria-pressed", String(event.currentTarget.getAttribute("aria-pressed") !== "true"));
    sayShown();
  });
  byId("mode").addEventListener("change", (event) => { view.mode = event.target.value; view.pinned.clear(); sayShown(); });
  byId("group").addEventListener("change", (event) => { view.group = event.target.value; view.expanded.clear(); sayShown(); });
};

const showTab = (name) => {
  for (const tab of ["graph", "list"]) {
    const chosen = tab === name;
    byId(`tab-${tab}`).setAttribute("aria-selected", String(chosen));
    byId(`tab-${tab}`).tabIndex = chosen ? 0 : -1;
    byId(`panel-${tab}`).hidden = !chosen;
  }
  if (canvas && name === "graph") canvas.resize();
};

const wireTabs = () => {
  for (const [tab, other] of [["graph", "list"], ["list", "graph"]]) {
    byId(`tab-${tab}`).addEventListener("click", () => showTab(tab));
    byId(`tab-${tab}`).addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      if (byId(`tab-${other}`).disabled) return;
      showTab(other);
      byId(`tab-${other}`).focus();
    });
  }
};

const startCanvas = () => {
  if (typeof cytoscape !== "function") {
    byId("tab-graph").disabled = true;
    byId("no-library").hidden = false;
    all(".drawing-only").forEach((part) => { part.hidden = true; });
    showTab("list");
    return;
  }
  canvas = makeCanvas(byId("graph"), { open, unfold });
  byId("fit").addEventListener("click", () => canvas.fit());
  byId("nearer").addEventListener("click", () => canvas.zoom(1.25));
  byId("farther").addEventListener("click", () => canvas.zoom(0.8));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => canvas.restyle());
};

const wireTheme = () => byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  if (canvas) canvas.restyle();
});

all(".script-only").forEach((part) => { part.hidden = false; });
wireTheme();
wireTabs();
wireFilters();
wireActions();
byId("collapse").addEventListener("click", collapse);
byId("more").addEventListener("click", () => { view.rows += PAGE; showList(view, view.rows, { pickWay }); });
view.pathAtoms = atomsOfPaths();
startCanvas();
rebuild();
all("details.path").forEach((details, path) => wirePath(details, path));
if (estate.paths.length) byId("path-0").open = true;
document.documentElement.dataset.ready = "yes";
