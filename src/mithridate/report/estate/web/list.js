// The same as the drawing, as a table: every way that the filter keeps, with what it needs and gives.
const PAGE = 100;

const listRow = (at, lost, { pickWay }) => {
  const way = estate.ways[at];
  const sentence = way.text || `${estate.atoms[way.gives].text}: this follows of itself.`;
  const marks = [lost && "stopped", stoppedByCut.has(at) && "in the cut"].filter(Boolean).join(", ");
  return make("tr", { class: lost ? "gone" : null, "data-way": String(at) },
    make("th", { scope: "row" }, make("button", { type: "button", class: "link", click: () => pickWay(at) }, sentence)),
    make("td", {}, ...way.needs.map((atom) => make("div", {}, estate.atoms[atom].text))),
    make("td", {}, estate.atoms[way.gives].text),
    make("td", { class: "number" }, priced(way.cost)),
    make("td", {}, way.techniques.join(", ")),
    make("td", {}, marks));
};

// Shows the first `most` of the ways; those that paths tell come before mere consequences.
const showList = (view, most, handlers) => {
  const told = view.ways.filter((at) => !estate.ways[at].hidden);
  const ways = [...told, ...view.ways.filter((at) => estate.ways[at].hidden)];
  const shown = ways.slice(0, most);
  document.getElementById("rows").replaceChildren(...shown.map((at) => listRow(at, view.lost(at), handlers)));
  const more = document.getElementById("more");
  more.hidden = shown.length === ways.length;
  more.textContent = `Show more (${counted(ways.length - shown.length, "way")} left)`;
  document.getElementById("caption").textContent = `${counted(ways.length, "way")}, ${counted(shown.length, "row")} shown`;
};
