// Sums over a range of time: energy, busy time and waits, by layer and by component. What only partly falls into the
// range counts by its part; a task of no length counts where it starts.

class Sums {
  constructor(run, columns, told, unseen) {
    Object.assign(this, { run, columns, told, unseen });
  }

  // {layer: Map, component: Map} of {energy, busy, wait}
  over(from, to) {
    const { kinds, layers, prices } = this.run.timeline;
    const busy = new Float64Array(kinds.length);
    const counts = new Float64Array(kinds.length);
    const waits = new Float64Array(kinds.length);
    const add = (start, length, kind, count, wait) => {
      const inside = Math.min(start + length, to) - Math.max(start, from);
      const part = length > 0 ? Math.max(0, inside) / length : start >= from && (start < to || to === this.run.timeline.makespan_ps) ? 1 : 0;
      busy[kind] += part * length;
      counts[kind] += part * count;
      waits[kind] += Math.max(0, Math.min(start, to) - Math.max(start - wait, from));
    };
    const { start, length, kind } = this.columns;
    const { leads, count, wait } = this.told;
    for (let i = 0; i < start.length; i++) if (leads[i]) add(start[i], length[i], kind[i], count[i], wait[i]);
    const more = this.unseen;
    for (let i = 0; i < more.start.length; i++) add(more.start[i], more.length[i], more.kind[i], more.count[i], more.wait[i]);
    const found = { layer: new Map(), component: new Map() };
    const into = (by, name, key, amount) => {
      if (!found[by].has(name)) found[by].set(name, { energy: 0, busy: 0, wait: 0 });
      found[by].get(name)[key] += amount;
    };
    kinds.forEach(([action, layer], k) => {
      const price = prices[action];
      const name = layers[layer] || "(none)";
      for (const [by, own] of [["layer", name], ["component", price.busy]]) {
        if (busy[k]) into(by, own, "busy", busy[k]);
        if (waits[k]) into(by, own, "wait", waits[k]);
      }
      for (const [component, pj] of price.charges) {
        if (!counts[k] || !pj) continue;
        into("layer", name, "energy", counts[k] * pj);
        into("component", component, "energy", counts[k] * pj);
      }
    });
    this.leak(to - from, into);
    return found;
  }

  // what leaks meanwhile: by component, and of no layer
  leak(time, into) {
    for (const item of this.run.areas) {
      const energy = (item.leakage_uw * time) / 1e6;
      if (!energy) continue;
      into("component", item.component, "energy", energy);
      into("layer", "(leakage)", "energy", energy);
    }
  }
}

Object.assign(Timeline.prototype, {
  select(from, to) {
    this.range = to > from ? [Math.max(0, from), Math.min(this.end, to)] : null;
    this.draw();
    this.tellRange();
  },

  tellRange() {
    const node = byId("range");
    if (!this.range || !this.sums) return fill(node);
    const [from, to] = this.range;
    const sums = this.sums.over(from, to);
    const tables = Object.entries(sums).map(([by, found]) => {
      const rows = [...found].sort((a, b) => b[1].energy - a[1].energy || b[1].busy - a[1].busy);
      const cells = rows.map(([name, sum]) => [name, quantity(sum.energy, "energy"), quantity(sum.busy, "time"), quantity(sum.wait, "time")]);
      return wide(`Sums of the range by ${by}`, [by, "energy", "busy", "waits"], cells, [1, 2, 3]);
    });
    const whole = [...sums.layer.values()].reduce((sum, one) => sum + one.energy, 0);
    fill(node, el("h3", {}, `From ${quantity(from, "time", 6)} to ${quantity(to, "time", 6)}: ${quantity(to - from, "time")}, ${quantity(whole, "energy")}, ` +
      `${quantity((whole * 1e6) / (to - from), "power")} on average`),
    el("div", { class: "pair" }, ...tables),
    el("div", { class: "bar" }, el("button", { type: "button", onclick: () => this.view(from, to) }, "zoom to it"),
      el("button", { type: "button", onclick: () => this.select(0, 0) }, "let the range go")));
    return undefined;
  },

  drawRange() {
    if (!this.range) return;
    const { context } = this;
    const [a, b] = this.range.map((at) => Math.max(this.left, Math.min(this.width, this.x(at))));
    context.fillStyle = colourOf("--chosen");
    context.fillRect(a, 0, b - a, this.tall);
    context.fillStyle = colourOf("--accent");
    for (const x of [a, b]) context.fillRect(x - 0.5, 0, 1, this.tall);
  },
});
