// The panel that tells everything about what is picked. All text is put in as text.
const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") made.addEventListener("click", value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
};

const MOST_TOLD = 40;

const factItem = (at) => {
  const fact = estate.facts[at];
  return make("li", { class: fact.how },
    make("code", {}, fact.text),
    make("span", { class: "source" }, fact.how === "assumed" ? "assumed: no source says so" : `${fact.how} in ${fact.places.join(", ")}`));
};

const evidence = (facts) => (facts.length
  ? make("div", {}, make("h4", {}, "Evidence"), make("ul", { class: "evidence" }, ...facts.map(factItem)))
  : null);

const marks = (way) => make("p", { class: "marks" },
  make("span", {}, `cost ${priced(way.cost)}`),
  make("span", {}, `confidence ${Math.round(way.confidence * 100)}%`),
  ...way.techniques.map((technique) => make("span", { class: "technique" }, `ATT&CK ${technique}`)),
  make("span", {}, `${way.pack ? `${way.pack}: ` : ""}${way.rule}`));

const atomButton = (atom, pick) => make("button", { type: "button", class: "link", click: () => pick(atom) }, estate.atoms[atom].text);

const atomList = (title, atoms, pick) => (atoms.length
  ? make("div", {}, make("h4", {}, title), make("ul", { class: "atoms" }, ...atoms.map((atom) => make("li", {}, atomButton(atom, pick)))))
  : null);

const stoppers = (at) => {
  const names = estate.actions.filter((action) => action.stops.includes(at)).map((action) => action.text);
  return names.length ? make("div", {}, make("h4", {}, "Stopped by"), make("ul", {}, ...names.map((name) => make("li", {}, name)))) : null;
};

// A way: what is done, what it needs and gives, and why that is so.
const wayBlock = (at, pick, facts = estate.ways[at].facts) => {
  const way = estate.ways[at];
  return make("article", { class: "way" },
    make("p", { class: "sentence" }, way.text || "This follows of itself."),
    marks(way),
    atomList(way.needs.length > 1 ? "Needs all of" : "Needs", way.needs, pick),
    atomList("Gives", [way.gives], pick),
    evidence(facts),
    stoppers(at));
};

const rest = (total) => (total > MOST_TOLD ? make("p", { class: "muted" }, `… ${counted(total - MOST_TOLD, "more way")}; the list shows all`) : null);

const wayBlocks = (ways, pick) => {
  const told = ways.filter((at) => !estate.ways[at].hidden);
  const plain = ways.filter((at) => estate.ways[at].hidden);
  const all = [...told, ...plain];
  return [...all.slice(0, MOST_TOLD).map((at) => wayBlock(at, pick)), rest(all.length)];
};

const stateWords = (node) => [
  node.start && "the attacker starts here",
  node.goal === "reached" && "goal that can be reached",
  node.goal === "assumed" && "goal, only by unknown flaws",
  node.goal === "unreached" && "goal",
  node.zone && `in ${node.zone}`,
].filter(Boolean).join(" · ");

const memberList = (element, pin) => make("ul", { class: "atoms" }, ...element.members.slice(0, 200).map((key) => make("li", {},
  make("button", { type: "button", class: "link", click: () => pin(key) }, memberName(key)))));

const memberName = (key) => (key.startsWith("n") ? nodeName(estate.nodes[Number(key.slice(1))]) : estate.atoms[Number(key.slice(1))].text);

// What to tell of an element or a line of the drawing: {title, parts}.
const toldElement = (element, { pick, pin, expand, neighbours }) => {
  if (element.members) {
    return { title: elementTitle(element), parts: [
      make("p", {}, make("button", { type: "button", class: "act", click: () => expand(element.name) }, "Expand this group")),
      make("h4", {}, "Members"), memberList(element, pin)] };
  }
  if (element.joint !== undefined) return { title: "One way, several needs", parts: [wayBlock(element.joint, pick)] };
  const ways = [...element.atoms].flatMap((atom) => producers[atom]);
  const node = element.node >= 0 ? estate.nodes[element.node] : null;
  return { title: elementTitle(element), parts: [
    node ? make("p", { class: "muted" }, stateWords(node)) : null,
    make("p", {}, make("button", { type: "button", class: "act", click: () => neighbours(element.key) }, "Expand neighbours")),
    make("h4", {}, ways.length ? "How an attacker gets here" : "The attacker has this from the start"),
    ...wayBlocks(ways, pick)] };
};

const toldLine = (drawn, elements, { pick }) => ({
  title: `${elementTitle(elements.get(drawn.from))} → ${elementTitle(elements.get(drawn.to))}`,
  parts: wayBlocks(drawn.ways, pick),
});

const showDetails = ({ title, parts }) => {
  document.getElementById("details-title").textContent = title;
  document.getElementById("details-body").replaceChildren(...parts.filter(Boolean));
  document.getElementById("details").scrollTop = 0;
};
