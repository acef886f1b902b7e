// The drawing on a canvas, by Cytoscape.js. Its keys: arrows go to the next element, Enter opens, + and - zoom, 0 shows all.
const colour = (name) => {
  const probe = document.getElementById("probe");
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
};

const looks = () => {
  const [ink, muted, rule, card, accent, soft, danger, warn] = ["ink", "muted", "rule", "card", "accent", "accent-soft", "critical", "medium"].map(colour);
  const font = "system-ui, sans-serif";
  return [
    { selector: "node", style: {
      "shape": "round-rectangle", "width": 190, "height": 46, "background-color": card, "border-width": 1.5, "border-color": rule,
      "label": "data(label)", "color": ink, "font-family": font, "font-size": 12, "line-height": 1.25, "text-wrap": "wrap",
      "text-max-width": 182, "text-valign": "center", "text-halign": "center", "min-zoomed-font-size": 6, "text-overflow-wrap": "anywhere",
    } },
    { selector: "node.joint", style: { "shape": "ellipse", "width": 12, "height": 12, "background-color": muted, "border-width": 0 } },
    { selector: "node.group", style: { "border-style": "double", "border-width": 4, "background-color": soft } },
    { selector: "node.start", style: { "background-color": accent, "border-color": accent, "color": card } },
    { selector: "node.goal", style: { "border-color": danger, "border-width": 3 } },
    { selector: "node.assumed", style: { "border-color": warn } },
    { selector: "edge", style: {
      "width": 1.5, "line-color": muted, "target-arrow-color": muted, "target-arrow-shape": "triangle", "arrow-scale": 0.9,
      "curve-style": "bezier", "control-point-step-size": 46, "opacity": 0.75,
    } },
    { selector: "edge[weights]", style: {
      "curve-style": "round-segments", "segment-weights": (edge) => edge.data("weights"), "segment-distances": (edge) => edge.data("distances"),
      "segment-radii": 40, "edge-distances": "node-position",
    } },
    { selector: "edge.many", style: { "width": 3 } },
    { selector: "edge.plain", style: { "width": 1, "opacity": 0.5 } },
    { selector: "edge.half", style: { "target-arrow-shape": "none" } },
    { selector: "node.path", style: { "border-color": accent, "border-width": 2.5 } },
    { selector: "node.goal.path", style: { "border-color": danger, "border-width": 4 } },
    { selector: "node.assumed.path", style: { "border-color": warn } },
    { selector: "edge.path", style: { "line-color": accent, "target-arrow-color": accent, "width": 3, "opacity": 1 } },
    { selector: "edge.cut", style: { "line-color": danger, "target-arrow-color": danger, "line-style": "dashed", "width": 2.5, "opacity": 1 } },
    { selector: "node.cut", style: { "border-color": danger, "border-style": "dashed", "border-width": 2.5 } },
    { selector: ".lost", style: { "opacity": 0.32 } },
    { selector: "edge.lost", style: { "line-style": "dashed" } },
    { selector: "edge.cut.lost", style: { "opacity": 0.9 } },
    { selector: "node.here", style: { "overlay-color": accent, "overlay-opacity": 0.2, "overlay-padding": 5 } },
    { selector: "edge.here", style: { "overlay-color": accent, "overlay-opacity": 0.25, "overlay-padding": 5 } },
  ];
};

const isStart = (element, node) => (element.key.startsWith("n") ? node.start : [...element.atoms].some((atom) => estate.atoms[atom].kind === "start") && !element.members);

const nodeClasses = (element) => {
  const node = element.node >= 0 ? estate.nodes[element.node] : null;
  const reachedHere = element.key.startsWith("n") || [...element.atoms].some((atom) => estate.atoms[atom].kind === "reached");
  return [
    element.members && "group",
    element.joint !== undefined && "joint",
    isStart(element, node) && "start",
    node && node.goal && reachedHere && "goal",
    node && node.goal === "assumed" && reachedHere && "assumed",
  ].filter(Boolean).join(" ");
};

const edgeClasses = (drawn) => [
  drawn.ways.every((at) => estate.ways[at].hidden) && "plain",
  drawn.ways.length > 3 && "many",
  drawn.to.startsWith("j") && "half",
].filter(Boolean).join(" ");

// Where a line bends, as shares of the straight line and distances from it.
const bent = (from, to, points) => {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  return {
    weights: points.map(({ x, y }) => ((x - from.x) * dx + (y - from.y) * dy) / length ** 2),
    distances: points.map(({ x, y }) => ((y - from.y) * dx - (x - from.x) * dy) / length),
  };
};

const graphElements = (drawing, container) => {
  const { places, bends } = placed(drawing, container.clientWidth, container.clientHeight);
  const nodes = [...drawing.elements.values()].map((element) => ({
    group: "nodes", data: { id: element.key, label: element.label }, classes: nodeClasses(element), position: places.get(element.key),
  }));
  const edges = [...drawing.lines.values()].map((drawn) => {
    const points = bends.get(drawn.key);
    const route = points.length ? bent(places.get(drawn.from), places.get(drawn.to), points) : {};
    return { group: "edges", data: { id: drawn.key, source: drawn.from, target: drawn.to, ...route }, classes: edgeClasses(drawn) };
  });
  return [...nodes, ...edges];
};

// The nearest element in a direction, measured so that straight ahead comes before aside.
const nextTo = (graph, from, [dx, dy]) => {
  const here = from.position();
  let best = null;
  let least = Infinity;
  graph.nodes().not(".joint").forEach((other) => {
    const x = other.position("x") - here.x;
    const y = other.position("y") - here.y;
    const ahead = x * dx + y * dy;
    const distance = ahead + 2.5 * Math.abs(x * dy - y * dx);
    if (other !== from && ahead > 1 && distance < least) [best, least] = [other, distance];
  });
  return best;
};

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

// `open(key)` is called for what a reader picks, `unfold(key)` for a double click or Enter on what is picked already.
const makeCanvas = (container, { open, unfold }) => {
  const graph = cytoscape({ container, style: looks(), minZoom: 0.04, maxZoom: 3, boxSelectionEnabled: false, autounselectify: true });
  // The wheel scrolls the page until a reader has gone into the graph.
  const wheel = (enabled) => () => graph.userZoomingEnabled(enabled);
  wheel(false)();
  container.addEventListener("focus", wheel(true));
  container.addEventListener("blur", wheel(false));
  graph.on("tapstart", () => container.focus({ preventScroll: true }));
  graph.on("tap", "node, edge", (event) => open(event.target.id()));
  graph.on("dbltap", "node", (event) => unfold(event.target.id()));

  const fit = (chosen = graph.elements()) => {
    if (chosen.empty()) return;
    graph.fit(chosen, 28);
    if (graph.zoom() > 1.1) {
      graph.zoom(1.1);
      graph.center(chosen);
    }
  };
  const zoom = (by) => graph.zoom({ level: graph.zoom() * by, renderedPosition: { x: container.clientWidth / 2, y: container.clientHeight / 2 } });
  const here = () => graph.nodes(".here").first();
  const show = (key) => {
    graph.elements(".here").removeClass("here");
    const found = graph.getElementById(key);
    found.addClass("here");
    if (found.nonempty()) intoSight(found);
  };
  const intoSight = (found) => {
    const box = found.renderedBoundingBox();
    if (box.x1 < 0 || box.y1 < 0 || box.x2 > container.clientWidth || box.y2 > container.clientHeight) graph.center(found);
  };
  const move = (direction) => {
    const from = here();
    const to = from.nonempty() ? nextTo(graph, from, direction) : graph.nodes(".start").union(graph.nodes()).first();
    if (to && to.nonempty()) open(to.id());
  };
  container.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS[event.key]) move(ARROWS[event.key]);
    else if (event.key === "Enter" && here().nonempty()) unfold(here().id());
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  return {
    fit: () => fit(),
    // Shows all; where that is too small to read, what has the class "path".
    overview: () => {
      fit();
      if (graph.zoom() < 0.5 && graph.nodes(".path").nonempty()) fit(graph.elements(".path"));
    },
    zoom,
    show,
    restyle: () => graph.style(looks()),
    replace: (drawing) => {
      graph.batch(() => {
        graph.elements().remove();
        graph.add(graphElements(drawing, container));
      });
    },
    // `classOf(element id, is an edge)` gives the names of the classes among `names` that it has.
    paint: (names, classOf) => graph.batch(() => graph.elements().forEach((element) => {
      const has = classOf(element.id(), element.isEdge());
      names.forEach((name) => element.toggleClass(name, has.includes(name)));
    })),
    resize: () => graph.resize(),
  };
};
