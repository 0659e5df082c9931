// Which results a task needs, and who needs its own: arrows of the chosen task, both ways.

const MOST_ARROWS = 40;
const MOST_NAMED = 6;

class Edges {
  constructor(n, back) {
    this.ptr = new Float64Array(n.length + 1);
    for (let t = 0; t < n.length; t++) this.ptr[t + 1] = this.ptr[t] + n[t];
    this.back = back;
  }

  before(task) {
    const found = [];
    for (let k = this.ptr[task]; k < this.ptr[task + 1]; k++) found.push(task - this.back[k]);
    return found;
  }

  after(task) {
    if (!this.rows) this.turn();
    return this.rows.subarray(this.starts[task], this.starts[task + 1]);
  }

  // the same edges from the other end, made when they are first asked for
  turn() {
    const n = this.ptr.length - 1;
    this.starts = new Uint32Array(n + 1);
    const each = (act) => {
      for (let t = 0; t < n; t++) for (let k = this.ptr[t]; k < this.ptr[t + 1]; k++) act(t - this.back[k], t);
    };
    each((from) => this.starts[from + 1]++);
    for (let t = 0; t < n; t++) this.starts[t + 1] += this.starts[t];
    const at = this.starts.slice();
    this.rows = new Uint32Array(this.back.length);
    each((from, to) => (this.rows[at[from]++] = to));
  }
}

Object.assign(Timeline.prototype, {
  // tasks on lanes next to one, one way; tasks that use nothing are passed through
  nextTo(task, way) {
    const found = new Set();
    const seen = new Set([task]);
    const queue = [task];
    while (queue.length && found.size < MOST_ARROWS && seen.size < 5000) {
      for (const other of this.edges[way](queue.shift())) {
        if (seen.has(other)) continue;
        seen.add(other);
        if (this.spanOfTask(other) >= 0) found.add(other);
        else queue.push(other);
      }
    }
    return [...found].slice(0, MOST_ARROWS);
  },

  taskOf(chosen) {
    if (chosen === null || !this.told) return null;
    return typeof chosen === "object" ? this.path.task[chosen.path] : this.told.task[chosen];
  },

  drawArrows() {
    const task = this.taskOf(this.chosen);
    if (task === null || typeof this.chosen === "object" || !this.edges) return;
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(this.left, HEAD, this.width - this.left, this.tall - HEAD);
    context.clip();
    const here = this.endsOf(this.chosen);
    const each = (way, colour, from, to) => {
      for (const other of this.nextTo(task, way)) {
        const there = this.endsOf(this.spanOfTask(other));
        if (there && here) this.arrow(...(way === "before" ? [there.end, here.start] : [here.end, there.start]), colourOf(colour), from, to);
      }
    };
    each("before", "--needs");
    each("after", "--feeds");
    context.restore();
  },

  // where a span begins and ends on the canvas
  endsOf(span) {
    const row = this.rowOf.get(this.laneOf(span));
    if (!row) return null;
    let y = HEAD + row.y - this.top + row.height / 2;
    if (row.lanes) {
      const slot = slotOf(row, row.lanes.indexOf(this.laneOf(span)));
      y = HEAD + row.y - this.top + slot.top + slot.height / 2;
    }
    const start = this.x(this.columns.start[span]);
    return { start: [start, y], end: [start + this.columns.length[span] * this.scale, y] };
  },

  arrow([x0, y0], [x1, y1], colour) {
    const { context } = this;
    const bend = Math.max(14, Math.min(90, Math.abs(x1 - x0) / 2));
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = 1.6;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1 - 5, y1);
    context.stroke();
    context.beginPath();
    [[x1, y1], [x1 - 7, y1 - 4], [x1 - 7, y1 + 4]].forEach(([x, y]) => context.lineTo(x, y));
    context.fill();
  },

  // the same in words, as buttons
  neighbours(task) {
    const line = (title, way) => {
      const found = this.nextTo(task, way);
      if (!found.length) return [];
      const button = (other) => el("button", { type: "button", class: "link", onclick: () => this.show(this.spanOfTask(other)) }, this.shortOf(other));
      const more = found.length > MOST_NAMED ? [`and ${found.length === MOST_ARROWS ? "more" : found.length - MOST_NAMED + " more"}`] : [];
      const items = [...found.slice(0, MOST_NAMED).map(button), ...more];
      return [el("dt", {}, title), el("dd", { class: "items" }, ...items)];
    };
    return el("dl", {}, ...line("needs", "before"), ...line("needed by", "after"));
  },

  shortOf(task) {
    const span = this.spanOfTask(task);
    const kind = kindText(this.run.timeline, this.columns.kind[span]);
    const t = this.told.timestep[span];
    return `${kind.name.split("@")[0]} ${kind.layer}${t >= 0 ? " t=" + t : ""} (#${task})`;
  },
});
