// Places elements by how soon an attacker can have them; the same drawing always looks the same in the same space.
const COLUMN = 250; // from left to right: units between columns, and between the elements of one
const ROW = 74;
const BELOW = 108; // from top to bottom: units between rows, and between the elements of one
const BESIDE = 212;
const MOST_ROUTED = 400; // elements: in larger drawings lines are straight

const soonest = (element) => Math.min(...[...element.atoms].map((atom) => (firstRounds[atom] < 0 ? 1e6 : firstRounds[atom])));

const columnsOf = (drawing) => {
  const rounds = new Map();
  for (const element of drawing.elements.values()) {
    const when = soonest(element) - (element.joint === undefined ? 0 : 0.5);
    if (!rounds.has(when)) rounds.set(when, []);
    rounds.get(when).push({ key: element.key, label: element.label, near: [], size: 1 });
  }
  return [...rounds.keys()].sort((a, b) => a - b).map((when) => rounds.get(when));
};

// Gives a line that passes columns a bend in each, which takes a place there as elements do.
const bend = (drawn, columns, columnOf, byKey) => {
  const [from, to] = [columnOf.get(drawn.from), columnOf.get(drawn.to)];
  const bends = [];
  for (let at = Math.min(from, to) + 1; at < Math.max(from, to); at += 1) {
    const made = { key: `${drawn.key} ${at}`, label: "", near: [], size: 0.3, bend: true };
    byKey.set(made.key, made);
    columns[at].push(made);
    bends.push(made);
  }
  if (from > to) bends.reverse();
  return bends;
};

const joinUp = (chain) => chain.slice(1).forEach((place, i) => {
  place.near.push(chain[i]);
  chain[i].near.push(place);
});

// Map(line's key → bends); sets what is near to what.
const routed = (drawing, columns) => {
  const columnOf = new Map(columns.flatMap((column, i) => column.map(({ key }) => [key, i])));
  const byKey = new Map(columns.flatMap((column) => column.map((place) => [place.key, place])));
  const bends = new Map();
  for (const drawn of drawing.lines.values()) {
    const made = drawing.elements.size <= MOST_ROUTED ? bend(drawn, columns, columnOf, byKey) : [];
    bends.set(drawn.key, made);
    joinUp([byKey.get(drawn.from), ...made, byKey.get(drawn.to)]);
  }
  return bends;
};

const order = (column) => {
  const wanted = new Map(column.map((place) => {
    const known = place.near.map(({ aside }) => aside).filter((aside) => aside !== undefined);
    return [place, known.length ? known.reduce((sum, aside) => sum + aside, 0) / known.length : 0];
  }));
  column.sort((a, b) => wanted.get(a) - wanted.get(b) || (a.label < b.label ? -1 : 1));
};

// `aside` within a column that is folded into stretches of at most `most` elements, and `fold`, the stretch.
const spread = (column, most) => {
  const elements = column.filter((place) => !place.bend);
  const folds = Math.ceil(elements.length / most) || 1;
  const each = Math.ceil(elements.length / folds);
  const shown = folds > 1 ? elements : column;
  let at = 0;
  shown.forEach((place, i) => {
    if (folds > 1 && i % each === 0) at = 0;
    place.fold = folds > 1 ? Math.floor(i / each) : 0;
    place.aside = at + place.size / 2;
    at += place.size;
  });
  for (let fold = 0; fold < folds; fold += 1) centre(shown.filter((place) => place.fold === fold));
  if (folds > 1) column.filter((place) => place.bend).forEach((place) => { place.aside = each / 2 + 0.5; place.fold = 0; });
  return folds;
};

const centre = (places) => {
  const middle = places.reduce((sum, place) => sum + place.size, 0) / 2;
  places.forEach((place) => { place.aside -= middle; });
};

const settle = (columns, most) => {
  for (const round of [columns, [...columns].reverse(), columns]) {
    round.forEach((column) => {
      order(column);
      spread(column, most);
    });
  }
  let along = 0;
  for (const column of columns) {
    const folds = spread(column, most);
    column.forEach((place) => { place.along = along + place.fold; });
    along += folds * (column.every((place) => place.bend || place.key.startsWith("j")) ? 0.5 : 1);
  }
};

const extent = (columns, name) => {
  let [least, most] = [0, 0];
  columns.forEach((column) => column.forEach((place) => {
    least = Math.min(least, place[name]);
    most = Math.max(most, place[name]);
  }));
  return most - least + 1;
};

const FOLDS = [4, 6, 9, 14, 22, 40];

// The fold and the direction in which the drawing can be shown largest.
const best = (columns, width, height) => {
  const longest = Math.max(...columns.map((column) => column.length), 0);
  let found = { zoom: 0 };
  for (const most of FOLDS.filter((fold, i) => i === 0 || FOLDS[i - 1] < longest)) {
    settle(columns, most);
    const [along, aside] = [extent(columns, "along"), extent(columns, "aside")];
    const across = Math.min(width / (along * COLUMN), height / (aside * ROW), 1);
    const down = Math.min(width / (aside * BESIDE), height / (along * BELOW), 1);
    if (Math.max(across, down) > found.zoom * 1.05) found = { zoom: Math.max(across, down), most, across: across >= down };
  }
  return found;
};

// {places: Map(key → {x, y}), bends: Map(line's key → [{x, y}])}
const placed = (drawing, width, height) => {
  const columns = columnsOf(drawing);
  const bends = routed(drawing, columns);
  const { most, across } = best(columns, width, height);
  settle(columns, most || FOLDS[0]);
  const point = ({ along, aside }) => (across ? { x: along * COLUMN, y: aside * ROW } : { x: aside * BESIDE, y: along * BELOW });
  return {
    places: new Map(columns.flat().map((place) => [place.key, point(place)])),
    bends: new Map([...bends].map(([key, made]) => [key, made.map(point)])),
  };
};
