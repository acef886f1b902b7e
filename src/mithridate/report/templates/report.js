"use strict";
// Without this script the whole report is readable; it adds filtering, folding, copying and a switch of colours.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tools = document.getElementById("tools");
  const query = document.getElementById("query");
  const cards = all("article.card");
  const rows = all(".overview li");
  tools.hidden = cards.length === 0;

  const filter = () => {
    const off = new Set(all(".toggle[aria-pressed=false]").map((b) => b.dataset.rating));
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const text = card.textContent.toLowerCase();
      const keep = !off.has(card.dataset.rating) && words.every((w) => text.includes(w));
      card.hidden = !keep;
      rows.filter((r) => r.dataset.finding === card.dataset.finding).forEach((r) => { r.hidden = !keep; });
      shown += keep ? 1 : 0;
    }
    const narrowed = shown !== cards.length;
    for (const group of all("[data-group]")) {
      const left = all("li", group).filter((r) => !r.hidden).length;
      group.hidden = left === 0;
      if (narrowed) group.open = true;
    }
    document.getElementById("shown").textContent = shown === cards.length ? "" : `${shown} of ${cards.length} shown`;
  };
  query.addEventListener("input", filter);
  query.hidden = cards.length < 2;
  for (const toggle of all(".toggle")) {
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }

  const fold = document.getElementById("fold");
  const unfold = (open) => all("article details, details.group").forEach((d) => { d.open = open; });
  fold.addEventListener("click", () => {
    const open = fold.dataset.open !== "true";
    unfold(open);
    fold.dataset.open = String(open);
    fold.textContent = open ? "Close all" : "Open all";
  });
  window.addEventListener("beforeprint", () => unfold(true));

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const select = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };
  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      select(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected"; // the browser refuses the clipboard: the text is selected for the keyboard
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }
})();
