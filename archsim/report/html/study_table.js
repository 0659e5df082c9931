// All configurations as a table: filters, order, pages.

const PAGE_ROWS = 50;

class StudyTable {
  constructor(study) {
    this.study = study;
    this.page = 0;
    this.by = null; // column of the order
    this.down = false;
    this.filters = new Map();
    this.head();
    byId("rows-before").addEventListener("click", () => this.turn(-1));
    byId("rows-after").addEventListener("click", () => this.turn(1));
    byId("front-only").addEventListener("change", () => this.first());
    byId("no-filters").addEventListener("click", () => this.clear());
  }

  head() {
    const { columns } = this.study;
    const order = (column) => el("button", { type: "button", class: "order", onclick: () => this.order(column) }, ...withBreaks(column.title));
    const names = columns.map((column) => el("th", { scope: "col", class: column.isNumber ? "number" : null, "data-column": column.name }, order(column)));
    const inputs = columns.map((column) => el("td", {}, el("input", {
      type: "text", size: 8, "aria-label": `filter ${column.title}`, placeholder: column.isNumber ? "< 2  1..4" : "part of it",
      autocomplete: "off", spellcheck: "false", oninput: (event) => this.filter(column, event.target),
    })));
    fill(byId("configurations-head"),
      el("tr", {}, el("th", { scope: "col" }, "no."), ...names, el("th", { scope: "col" }, "state")),
      el("tr", { class: "filters" }, el("td", {}), ...inputs, el("td", {})));
  }

  filter(column, input) {
    const test = filterOf(column, input.value);
    input.setAttribute("aria-invalid", test === undefined);
    if (test) this.filters.set(column.name, test);
    else this.filters.delete(column.name);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.study.refilter(), 150);
  }

  clear() {
    for (const input of byId("configurations-head").querySelectorAll("input")) {
      input.value = "";
      input.setAttribute("aria-invalid", false);
    }
    this.filters.clear();
    this.study.refilter();
  }

  order(column) {
    this.down = this.by === column && !this.down;
    this.by = column;
    for (const head of byId("configurations-head").querySelectorAll("th[data-column]")) {
      if (head.dataset.column === column.name) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.first();
  }

  first() {
    this.page = 0;
    this.draw();
  }

  turn(by) {
    this.page += by;
    this.draw();
  }

  places() {
    const { study, by } = this;
    const only = byId("front-only").checked;
    const found = [];
    for (let i = 0; i < study.n; i++) if (study.kept[i] && (!only || study.frontSet.has(i))) found.push(i);
    if (!by) return found;
    const sign = this.down ? -1 : 1;
    // what has no figure comes last either way
    return found.sort((a, b) => {
      const [x, y] = [by.values[a], by.values[b]];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return sign * (x - y) || a - b;
    });
  }

  draw() {
    const { study } = this;
    const places = this.places();
    const pages = Math.max(1, Math.ceil(places.length / PAGE_ROWS));
    this.page = Math.max(0, Math.min(pages - 1, this.page));
    const from = this.page * PAGE_ROWS;
    const shown = places.slice(from, from + PAGE_ROWS);
    fill(byId("configurations-body"), ...shown.map((i) => this.row(i)));
    byId("rows-before").disabled = this.page === 0;
    byId("rows-after").disabled = this.page === pages - 1;
    byId("rows-said").textContent = !places.length ? "none fits"
      : `${from + 1} to ${from + shown.length} of ${places.length}` + (places.length < study.n ? `, ${study.n} in all` : "");
  }

  row(i) {
    const { study } = this;
    const name = el("th", { scope: "row" }, el("button", { type: "button", class: "link", onclick: () => study.pick(i, true) }, String(i + 1)));
    const cells = study.columns.map((column) => el("td", { class: column.isNumber ? "number" : null }, column.cell(i)));
    const marks = [i === study.knee ? "knee" : "", study.frontSet.has(i) ? "front" : "", i === study.chosen ? "chosen" : ""];
    return el("tr", { class: marks.filter(Boolean).join(" ") || null }, name, ...cells, el("td", {}, study.stateText(i)));
  }
}

// a long name may break behind a dot or an underscore
function withBreaks(name) {
  return name.split(/(?<=[._])/).flatMap((part, i) => (i ? [el("wbr"), part] : [part]));
}
