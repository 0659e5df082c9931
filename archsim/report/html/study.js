// Starts the page of a study: what is drawn by what, which configurations are kept, and the one that was chosen.

class Study {
  constructor(data) {
    this.data = data;
    this.n = data.key.length;
    this.parameters = data.parameters.map((item) => new Column(item, false));
    this.metrics = data.metrics.map((item) => new Column(item, true));
    this.columns = [...this.parameters, ...this.metrics];
    this.byName = new Map(this.columns.map((column) => [column.name, column]));
    this.aims = Object.entries(data.objectives).map(([name, aim]) => this.aim(name, aim)).filter((aim) => aim.column);
    const wanted = this.aims.map((aim) => aim.column);
    [this.x, this.y] = wanted.length > 1 ? wanted : [this.metrics[0], this.metrics[1] || this.metrics[0]];
    this.sizeBy = null;
    // by rule where there are several, else by a third metric
    this.colourBy = Object.keys(data.rules).length > 1 ? null : wanted[2] || this.metrics.find((one) => one !== this.x && one !== this.y) || null;
    this.axes = new Set([...this.parameters.filter((one) => one.varies()), ...wanted].map((column) => column.name));
    this.brushes = new Map();
    this.chosen = null;
    this.filtered = new Uint8Array(this.n).fill(1);
    this.kept = new Uint8Array(this.n).fill(1);
  }

  aim(name, aim) {
    return { column: this.byName.get(name), sign: aim === "maximize" ? -1 : 1 };
  }

  // ---- what is kept, and the front of it ----

  refilter() {
    const tests = [...this.table.filters.values()];
    for (let i = 0; i < this.n; i++) this.filtered[i] = tests.every((fits) => fits(i)) ? 1 : 0;
    this.keep();
    this.parallel.draw();
    this.scatter.draw();
    this.table.first();
  }

  brushed() {
    this.keep();
    this.scatter.draw();
    this.table.first();
  }

  keep() {
    const brushes = [...this.brushes].filter(([, intervals]) => intervals.length)
      .map(([name, intervals]) => ({ values: this.byName.get(name).values, intervals }));
    for (let i = 0; i < this.n; i++) {
      this.kept[i] = this.filtered[i] && brushes.every(({ values, intervals }) =>
        values[i] !== null && intervals.some(([low, high]) => values[i] >= low && values[i] <= high)) ? 1 : 0;
    }
    this.findFront();
  }

  findFront() {
    const places = [];
    for (let i = 0; i < this.n; i++) if (this.kept[i] && this.data.keeps[i]) places.push(i);
    this.front = frontOf(places, this.aims);
    this.knee = kneeOf(this.front, places, this.aims);
    this.frontSet = new Set(this.front);
    const among = this.data.constrained ? " that keep to all constraints" : "";
    byId("front-said").textContent = !this.aims.length ? "Choose what the front is to be good at."
      : `${this.front.length} on the front of ${places.length}${among}` + (this.knee < 0 ? "" : `; the knee is no. ${this.knee + 1}`);
  }

  // ---- what is said of one ----

  stateText(i) {
    const { state, keeps, constrained } = this.data;
    return state[i] === "done" && constrained && !keeps[i] ? "breaks a constraint" : state[i];
  }

  facts(i) {
    const { data } = this;
    const known = (column) => column.cell(i) !== "";
    const title = `no. ${i + 1}` + (this.frontSet.has(i) ? (i === this.knee ? ", the knee of the front" : ", on the front") : "");
    const facts = this.columns.filter(known).map((column) => [column.label, column.text(i)]);
    if (!this.byName.has("phase") && data.rule[i]) facts.push(["phase", data.rules[data.rule[i]].title]);
    facts.push(["state", this.stateText(i)]);
    if (data.error[i]) facts.push(["error", data.error[i]]);
    return { title, facts };
  }

  command(i, name = "run") {
    const { data } = this;
    const { base, runs } = data.folders;
    const sets = this.parameters.filter((column) => column.codes[i] >= 0).map((column) => column.sets[column.codes[i]]).filter(Boolean);
    const files = `${base}/chip.yaml ${base}/workload.yaml`;
    const phase = name === "run" ? (data.rule[i] ? [`--phase ${data.rule[i]}`] : []) : [data.learn[data.rule[i]]];
    const end = name === "run" ? [`-o ${runs}/${data.key[i]}`] : [];
    return [`archsim ${name} ${files}`, ...sets, ...phase, `--seed ${data.seed[i]}`, ...end].join(" ");
  }

  pick(i, move = false) {
    this.chosen = this.chosen === i ? null : i;
    this.scatter.draw();
    this.table.draw();
    this.tell();
    if (move && this.chosen !== null) byId("chosen").scrollIntoView({ block: "nearest" });
  }

  tell() {
    const node = byId("chosen");
    const i = this.chosen;
    if (i === null) return fill(node);
    const { data } = this;
    fill(node, ...factsList(this.facts(i)), el("h3", {}, "The command that simulates it, in the folder of this page"), copied(this.command(i)));
    if (Object.keys(data.learn).length) node.append(el("h3", {}, "Its accuracies"), copied(this.command(i, "learn")));
    const links = el("p", {});
    const link = (href, text) => links.append(el("a", { href }, text), " ");
    if (data.runs[i]) link(data.runs[i], "The page of its run");
    if (data.files[i]) link(data.files[i], "Its chip file");
    links.append(el("button", { type: "button", onclick: () => this.pick(i) }, "let go"));
    if (!data.runs[i]) node.append(el("p", { class: "hint" }, "Its run was not kept: the command makes it, and archsim report then leads there."));
    node.append(links);
    return undefined;
  }

  // ---- all pictures ----

  draw() {
    this.colours = colouring(this);
    this.scatter.draw();
    this.legend();
  }

  legend() {
    const { items, strip, byRule } = this.colours;
    const key = (...parts) => el("span", { class: "key" }, ...parts);
    const sign = (k, colour) => el("i", { class: `sign ${SYMBOLS[k % SYMBOLS.length]}`, style: colour && `background:${colour}` });
    const rules = Object.values(this.data.rules);
    const keys = strip ? [key(`${strip.title}: ${digits(strip.low)} `, el("i", { class: "scale study" }), ` ${digits(strip.high)}`)]
      : items.map(([text, colour], k) => key(byRule ? sign(k, colour) : el("i", { class: "mark", style: `background:${colour}` }), shortened(text, 40)));
    // the sign of each rule, where colours do not say it
    if (!byRule && rules.length > 1) rules.forEach(({ title }, k) => keys.push(key(sign(k, null), title || "–")));
    if (this.sizeBy) keys.push(key(`${this.sizeBy.title}: `, el("i", { class: "dot small" }), `${digits(this.sizeBy.low)} to `, el("i", { class: "dot large" }), digits(this.sizeBy.high)));
    keys.push(key(el("i", { class: "ring front" }), "on the front"), key(el("i", { class: "ring knee" }), "its knee"));
    fill(byId("legend"), ...keys);
  }
}

// a command, and a button that copies it
function copied(text) {
  const code = el("code", {}, text);
  const said = el("span", { role: "status" });
  const copy = async () => {
    const range = document.createRange();
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "copied";
    } catch {
      said.textContent = "selected; copy it with the keyboard";
    }
  };
  return el("div", { class: "command" }, code, el("button", { type: "button", onclick: copy }, "copy"), said);
}

// ---- controls ----

function columnChoice(id, columns, chosen, act, none = null) {
  const pairs = columns.map((column) => [column.name, column.title]);
  choices(byId(id), none ? [["", none], ...pairs] : pairs, chosen ? chosen.name : "");
  byId(id).addEventListener("change", (event) => act(columns.find((column) => column.name === event.target.value) || null));
}

function wireStudy(study) {
  const { metrics, columns } = study;
  const numbers = columns.filter((column) => column.isNumber);
  const on = (key) => (column) => {
    study[key] = column;
    study.draw();
    if (key === "colourBy") study.parallel.draw();
  };
  columnChoice("x", columns, study.x, on("x"));
  columnChoice("y", columns, study.y, on("y"));
  columnChoice("colour", columns, study.colourBy, on("colourBy"), "rule");
  columnChoice("size", numbers, null, on("sizeBy"), "all alike");
  for (const id of ["logX", "logY"]) {
    byId(id).addEventListener("change", (event) => {
      study[id] = event.target.checked;
      study.draw();
    });
  }
  fill(byId("aims"), ...metrics.filter((column) => column.isNumber).map((column) => aimChoice(study, column)));
  fill(byId("axes"), ...columns.filter((column) => column.varies()).map((column) => axisChoice(study, column)));
  byId("no-brush").addEventListener("click", () => study.parallel.clear());
}

function aimChoice(study, column) {
  const now = study.aims.find((aim) => aim.column === column);
  const select = el("select", {});
  choices(select, [["", "–"], ["minimize", "least"], ["maximize", "most"]], now ? (now.sign > 0 ? "minimize" : "maximize") : "");
  select.addEventListener("change", () => {
    study.aims = study.aims.filter((aim) => aim.column !== column);
    if (select.value) study.aims.push(study.aim(column.name, select.value));
    study.findFront();
    study.scatter.draw();
    study.parallel.draw();
    study.table.draw();
  });
  return el("label", {}, select, " ", column.label);
}

function axisChoice(study, column) {
  const box = el("input", { type: "checkbox", checked: study.axes.has(column.name) });
  box.addEventListener("change", () => {
    if (box.checked) study.axes.add(column.name);
    else study.axes.delete(column.name);
    study.brushes.clear();
    study.brushed();
    study.parallel.draw();
  });
  return el("label", {}, box, " ", column.label);
}

// ---- importance and correlation: tables whose cells are coloured by their numbers ----

function shareTable(caption, first, rows, columns, cell) {
  const titles = [first, ...columns.map((name) => el("span", {}, ...withBreaks(name)))];
  return table(caption, titles, rows.map((name) => [el("span", {}, ...withBreaks(name)), ...columns.map((other) => cell(name, other))]), columns.map((_, k) => k + 1));
}

function drawShares(study) {
  const { importance, correlation } = study.data;
  const objectives = Object.keys(importance);
  const parameters = [...new Set(objectives.flatMap((name) => Object.keys(importance[name])))]
    .sort((a, b) => objectives.reduce((sum, name) => sum + (importance[name][b] || 0) - (importance[name][a] || 0), 0));
  byId("importance-section").hidden = !parameters.length;
  if (parameters.length) {
    fill(byId("importance"), shareTable("Importance", "parameter", parameters, objectives, (name, objective) => {
      const share = importance[objective][name];
      return share === undefined ? "–" : el("span", { class: "shared" }, bar(share), percent(share));
    }));
  }
  const rows = Object.keys(correlation);
  byId("correlation-section").hidden = !rows.length;
  const metrics = study.metrics.map((column) => column.name).filter((name) => rows.some((row) => name in correlation[row]));
  if (rows.length) fill(byId("correlation"), shareTable("Rank correlation", "of", rows, metrics, (row, name) => tinted(correlation[row][name])));
}

function tinted(value) {
  if (value === undefined) return "–";
  const [red, green, blue] = rgb(colourOf(value > 0 ? "--positive" : "--negative"));
  return el("span", { class: "tint", style: `background:rgb(${red} ${green} ${blue} / ${Math.round(38 * Math.abs(value))}%)` }, value.toFixed(2));
}

// ---- start ----

function startStudy() {
  const study = new Study(JSON.parse(byId("study-data").textContent));
  window.study = study;
  study.table = new StudyTable(study);
  study.scatter = new Scatter(study);
  study.findFront();
  study.scatter.chart.on("finished", () => {
    if (!window.archsimDrawn) window.archsimDrawn = performance.now();
  });
  study.draw();
  wireStudy(study);
  // let the first picture reach the screen
  requestAnimationFrame(() => setTimeout(() => {
    study.table.draw();
    study.parallel = new Parallel(study);
    study.parallel.draw();
    drawShares(study);
    document.body.dataset.ready = "";
  }, 0));
  wireTheme(() => {
    study.draw();
    if (study.parallel) study.parallel.draw();
    drawShares(study);
  });
}

startStudy();
