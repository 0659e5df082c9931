// Starts the page: runs as tabs, the switch of colours, printing.

const RUNS = new Map();
let shown = null;
const MINIMAP = new Minimap(() => shown.line);

function runOf(number) {
  if (!RUNS.has(number)) {
    const run = JSON.parse(byId("run-" + number).textContent);
    const line = new Timeline(run, () => {
      MINIMAP.draw();
      drawPower(run, line);
      taskTable(line);
    });
    line.number = number;
    RUNS.set(number, { run, line, parts: new Parts(run), plan: new Plan(run), network: new NetworkGraph(run) });
  }
  return RUNS.get(number);
}

async function openRun(number) {
  const made = !RUNS.has(number);
  shown = runOf(number);
  const one = shown;
  for (const tab of document.querySelectorAll("[data-run]")) {
    const mine = Number(tab.dataset.run) === number;
    tab.setAttribute("aria-selected", mine);
    tab.tabIndex = mine ? 0 : -1;
    if (mine) byId("run").setAttribute("aria-labelledby", tab.id);
  }
  byId("colour-by").value = one.line.by;
  byId("search").value = one.line.sought || "";
  one.line.folded();
  legend();
  one.line.resize(); // the first picture
  if (made) {
    await new Promise((done) => setTimeout(done, 0)); // until it is on the screen
    await one.line.load();
  }
  if (shown !== one) return;
  one.line.tell(one.line.chosen);
  sayMatches(one.line);
  byId("order").value = one.line.order;
  one.line.sayFold();
  one.line.tellRange();
  drawParts();
  if (made) {
    document.body.dataset.ready = number;
    wireTogether(() => shown);
  }
}

function legend() {
  const { names, list } = shown.line.colours();
  const part = shown.line.by === "layer" ? 1 : 2;
  const used = new Set(shown.run.timeline.kinds.map((kind) => kind[part]));
  const items = names.map((name, i) => [name || `(no ${shown.line.by})`, list[i], i]).filter((item) => used.has(item[2]));
  const mark = (colour) => el("i", { class: "mark", style: `background:${colour}` });
  fill(byId("legend"), ...items.map(([name, colour]) => el("span", { class: "key", title: name }, mark(colour), shortened(name, 40))),
    el("span", { class: "key" }, el("i", { class: "mark low", style: `background:${colourOf("--path")}` }), "on the critical path"),
    ...STATES.slice(1, 4).map(([name, variable]) => el("span", { class: "key" }, el("i", { class: "mark low", style: `background:${colourOf(variable)}` }), name)),
    ...(shown.run.timeline.levels.resource.length
      ? [el("span", { class: "key" }, mark(colourOf("--level")), "units in use, highest in a pixel")] : []));
}

function drawParts() {
  shown.parts.draw();
  shown.plan.draw();
  shown.network.draw();
  drawActivity(shown.run);
  drawWhy(shown.run);
}

function redraw() {
  legend();
  shown.line.draw();
  drawParts();
}

function wire() {
  wireTheme((printing) => {
    if (printing !== undefined) {
      shown.line.printing = printing;
      shown.line.resize();
    }
    redraw();
  });
  const on = (id, kind, act) => byId(id).addEventListener(kind, act);
  on("colour-by", "change", (event) => {
    shown.line.by = event.target.value;
    legend();
    shown.line.draw();
  });
  let later = 0;
  on("search", "input", (event) => {
    clearTimeout(later);
    later = setTimeout(() => {
      shown.line.sought = event.target.value;
      search(shown.line, event.target.value);
    }, 120);
  });
  on("search", "keydown", (event) => {
    if (event.key === "Escape") {
      event.target.value = "";
      search(shown.line, "");
      byId("timeline").focus();
    }
    if (event.key !== "Enter") return;
    clearTimeout(later);
    if (shown.line.sought !== event.target.value) {
      shown.line.sought = event.target.value;
      search(shown.line, event.target.value);
    }
    nextMatch(shown.line, event.shiftKey ? -1 : 1);
  });
  on("next", "click", () => nextMatch(shown.line, 1));
  on("previous", "click", () => nextMatch(shown.line, -1));
  on("zoom-in", "click", () => shown.line.zoom(0.5));
  on("zoom-out", "click", () => shown.line.zoom(2));
  on("fit", "click", () => shown.line.view(0, shown.line.extent));
  on("fold", "click", () => shown.line.foldAll());
  on("order", "change", (event) => shown.line.sort(event.target.value));
  on("as-table", "toggle", () => taskTable(shown.line));
  on("quantity", "change", (event) => {
    shown.parts.quantity = event.target.value;
    if (event.target.value === "area_um2") shown.parts.back(0);
    else shown.parts.draw();
  });
  on("by", "change", (event) => {
    shown.parts.by = event.target.value;
    shown.parts.draw();
  });
  on("tile-by", "change", (event) => {
    shown.plan.by = event.target.value;
    shown.plan.draw();
  });
  wireTabs();
  wireSize();
  listen(() => shown.line);
}

function wireTabs() {
  const tabs = [...document.querySelectorAll("[data-run]")];
  tabs.forEach((tab, i) => {
    // each learning rule has one colour in all pages and pictures
    tab.prepend(el("i", { class: "mark", style: `background:${tab.dataset.colour}` }), " ");
    tab.addEventListener("click", () => openRun(i));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const other = tabs[(i + by + tabs.length) % tabs.length];
      other.focus();
      other.click();
    });
  });
}

function wireSize() {
  let last = 0;
  new ResizeObserver(() => {
    const width = byId("timeline").clientWidth;
    if (!shown || width === last) return;
    last = width;
    shown.line.resize();
    shown.plan.draw();
    shown.network.draw();
  }).observe(byId("timeline"));
  window.addEventListener("resize", () => shown && shown.line.resize());
}

wire();
openRun(0);
