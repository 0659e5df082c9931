// Elements and numbers for people. Text enters the page as text nodes only, never as markup.

window.archsimBegan = performance.now();

// UNITS, which stands before this file, has [name, size, smallest value that is read in it] of each kind's units
function unitOf(largest, kind) {
  if (!largest) return { name: UNITS[kind].find((unit) => unit[1] === 1)[0], size: 1 };
  let best = UNITS[kind][0];
  for (const unit of UNITS[kind]) {
    if (Math.abs(largest) >= unit[2]) best = unit;
  }
  return { name: best[0], size: best[1] };
}

function digits(value, n = 4) {
  if (!Number.isFinite(value)) return "–";
  return String(Number(value.toPrecision(n)));
}

function quantity(value, kind, n = 4) {
  const unit = unitOf(Number(value.toPrecision(n)), kind);
  return digits(value / unit.size, n) + "\u00a0" + unit.name;
}

// whole picoseconds, without rounding
function exactTime(ps) {
  const unit = unitOf(ps, "time");
  return String(ps / unit.size) + "\u00a0" + unit.name;
}

function percent(share) {
  return digits(100 * share, 3) + "\u00a0%";
}

// long names keep both ends: that is where they differ
function shortened(text, most) {
  const marks = Array.from(text.replace(/\s+/g, " "));
  if (marks.length <= most) return marks.join("");
  const end = Math.floor((most - 1) / 3);
  return marks.slice(0, most - 1 - end).join("") + "…" + marks.slice(marks.length - end).join("");
}

function el(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "rect", "line", "polyline", "text", "title", "circle"].includes(name);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") node.style.cssText = value || ""; // the attribute would need a hash of its own
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) node.append(child instanceof Node ? child : String(child));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

function fill(node, ...children) {
  node.replaceChildren(...children);
  return node;
}

function choices(select, pairs, chosen) {
  fill(select, ...pairs.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}

// a table that scrolls where it is too wide, by keys too
function wide(caption, ...rest) {
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `${caption}, a table that scrolls` }, table(caption, ...rest));
}

// a plain table: titles, rows of cells (text, or a node), which columns hold numbers
function table(caption, titles, rows, numbers = []) {
  const cell = (content, i) => el("td", { class: numbers.includes(i) ? "number" : null }, content);
  return el("table", {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...titles.map((title, i) =>
      el("th", { scope: "col", class: numbers.includes(i) ? "number" : null }, title)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))));
}

// a title, and pairs of a name and its text
function factsList({ title, facts }) {
  return [el("strong", {}, title), el("dl", {}, ...facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]))];
}

function bar(share) {
  const width = Number.isFinite(share) ? Math.max(0.4, 100 * share) : 0;
  return el("div", { class: "share", "aria-hidden": "true" }, el("div", { style: `width:${width}%` }));
}

// round steps on an axis: 1, 2 or 5 times a power of ten
function ticks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) || power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) && found.length < 100; i++) {
    found.push(i * step);
  }
  return { values: found, step };
}

function tickText(value, step, size) {
  const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / size) - 1e-9)));
  return (value / size).toFixed(decimals);
}

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
