// Breakdown: bars that are clicked down from component to action, layer and stage.

const QUANTITIES = {
  energy_pj: ["energy", "energy"],
  busy_ps: ["busy time", "time"],
  latency_ps: ["time on the critical path", "time"],
  area_um2: ["area", "area"],
};
const WAYS = ["component", "layer", "stage", "action"];

class Parts {
  constructor(run) {
    this.run = run;
    this.quantity = "energy_pj";
    this.by = "component";
    this.chosen = []; // pairs of a way and a name, from the outside in
  }

  draw() {
    const ways = WAYS.filter((way) => !this.chosen.some(([used]) => used === way));
    if (!ways.includes(this.by)) this.by = ways.find((way) => way === "action") || ways[0];
    choices(byId("quantity"), Object.entries(QUANTITIES).map(([key, [name]]) => [key, name]), this.quantity);
    choices(byId("by"), (this.quantity === "area_um2" && this.chosen.length ? ["component"] : ways).map((way) => [way, way]), this.by);
    this.drawCrumbs();
    const area = this.quantity === "area_um2";
    fill(byId("parts"), area && this.chosen.length ? this.areaTable() : this.partsTable(area));
  }

  drawCrumbs() {
    const steps = [el("button", { type: "button", disabled: !this.chosen.length, onclick: () => this.back(0) }, "all")];
    this.chosen.forEach(([way, name], i) => {
      const last = i === this.chosen.length - 1;
      steps.push(" › ", el("button", { type: "button", disabled: last, onclick: () => this.back(i + 1), title: name },
        `${way} ${shortened(name, 40)}`));
    });
    fill(byId("crumbs"), ...steps);
  }

  back(n) {
    const first = this.chosen[n];
    this.chosen.length = n;
    if (first) this.by = first[0];
    this.draw();
  }

  into(name) {
    this.chosen.push([this.by, name]);
    this.draw();
    const first = byId("parts").querySelector("button") || byId("crumbs").querySelector("button");
    if (first) first.focus();
  }

  // the parts to show: of the whole run as in result.json; below that, sums of the smallest parts
  lines() {
    if (!this.chosen.length) {
      return Object.entries(this.run.record.breakdown[this.by]).map(([name, part]) => ({
        name, value: part[this.quantity], count: part.count }));
    }
    const sums = new Map();
    for (const cell of this.run.cells) {
      if (!this.chosen.every(([way, name]) => cell[way] === name)) continue;
      const line = sums.get(cell[this.by]) || { name: cell[this.by], value: 0, count: 0 };
      line.value += cell[this.quantity];
      line.count += cell.count;
      sums.set(cell[this.by], line);
    }
    return [...sums.values()];
  }

  whole() {
    const { totals } = this.run.record;
    return totals[this.quantity];
  }

  partsTable(area) {
    const [name, kind] = QUANTITIES[this.quantity];
    const lines = this.lines().filter((line) => line.value !== 0).sort((a, b) => b.value - a.value);
    const largest = Math.max(...lines.map((line) => line.value), 0);
    const total = lines.reduce((sum, line) => sum + line.value, 0);
    const deeper = area ? this.by === "component" : this.chosen.length < WAYS.length - 1;
    const rows = lines.map((line) => [
      this.nameCell(line.name, deeper && line.name !== "(leakage)"),
      bar(line.value / largest),
      quantity(line.value, kind),
      percent(line.value / this.whole()),
      area ? "" : String(line.count),
    ]);
    rows.push([el("strong", {}, "together"), "", el("strong", {}, quantity(total, kind)), percent(this.whole() ? total / this.whole() : 0), ""]);
    const titles = [this.by, el("span", { class: "unseen" }, "bar"), name, "of the run", area ? "" : "count"];
    return table(`${name} by ${this.by}`, titles, rows, [2, 3, 4]);
  }

  nameCell(name, deeper) {
    if (!deeper) return el("span", {}, name || "(none)");
    return el("button", { type: "button", class: "link", onclick: () => this.into(name) }, name || "(none)");
  }

  // what the area of a component consists of
  areaTable() {
    const name = this.chosen[0][1];
    const items = this.run.areas.filter((item) => this.chosen[0][0] === "component" && item.component === name);
    const largest = Math.max(...items.map((item) => item.area_um2), 0);
    const rows = items.map((item) => [item.where, bar(item.area_um2 / largest), quantity(item.area_um2, "area"), String(item.n),
      quantity(item.each_um2, "area"), quantity(item.idle_um2, "area"), item.scaling ? `${item.source}. Scaling: ${item.scaling}` : item.source]);
    const titles = ["for each", el("span", { class: "unseen" }, "bar"), "area", "number", "one of them", "idle", "source"];
    return table(`Area of ${name}`, titles, rows, [2, 3, 4, 5]);
  }
}
