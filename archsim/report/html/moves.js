// Moving through the timeline: wheel, mouse, keys, and from task to task.

Object.assign(Timeline.prototype, {
  // `quiet`: because another timeline went there
  view(from, to, quiet = false) {
    if (!this.columns) return; // the preview is of the whole run
    const least = Math.min(this.extent, 20); // ps across the page
    const size = Math.min(this.extent, Math.max(least, to - from));
    const middle = (from + to) / 2;
    this.from = Math.max(0, Math.min(this.extent - size, to - from < least ? middle - size / 2 : from));
    this.to = this.from + size;
    this.draw();
    if (!quiet) tellOuter({ view: [this.from, this.to] });
  },

  zoom(factor, x = (this.left + this.width) / 2) {
    const share = Math.max(0, Math.min(1, (x - this.left) / (this.width - this.left)));
    const at = this.from + share * (this.to - this.from);
    const size = Math.max(Math.min(20, this.extent), Math.min(this.extent, (this.to - this.from) * factor));
    this.view(at - share * size, at + (1 - share) * size);
  },

  pan(share) {
    const by = share * (this.to - this.from);
    const from = Math.max(0, Math.min(this.extent - (this.to - this.from), this.from + by));
    this.view(from, from + (this.to - this.from));
  },

  scroll(by) {
    this.top = Math.max(0, Math.min(this.height + HEAD - this.tall, this.top + by));
    byId("rolling").scrollTop = this.top;
    this.draw();
  },

  fold(group) {
    group.folded = !group.folded;
    this.folded();
    this.resize();
  },

  sayFold() {
    const folded = !this.groups.some((group) => !group.folded || group.inner.some((inner) => !inner.folded));
    byId("fold").textContent = folded ? "unfold all" : "fold all";
  },

  sort(order) {
    this.order = order;
    this.top = 0;
    this.folded();
    this.resize();
  },

  foldAll() {
    const all = this.groups.flatMap((group) => [group, ...group.inner]);
    const folded = !all.some((group) => group.folded);
    all.forEach((group) => (group.folded = folded));
    this.folded();
    this.resize();
    this.sayFold();
  },

  // what is at a place of the canvas: {row, span}, {segment}, {row, level}
  at(x, y) {
    const time = this.from + (x - this.left) / this.scale;
    if (y < AXIS || !this.columns) return null;
    if (y < HEAD) {
      if (!this.path || x < this.left) return null;
      const i = firstAbove(this.path.start, time, 0, this.path.start.length) - 1;
      return i >= 0 && time < this.end ? { segment: i, time } : null;
    }
    const number = rowAt(this.rows, y - HEAD + this.top);
    if (number < 0) return null;
    const row = this.rows[number];
    if (x < this.left || row.type === "group") return { row };
    if (row.type === "level") return { row, level: this.levelAt(row, time), time };
    const { lane_ptr: ptr } = this.run.timeline;
    const { start, length } = this.columns;
    const lane = this.laneAt(row, y - HEAD + this.top - row.y);
    const near = 3 / this.scale; // pixels around what is thinner than a pointer
    let best = null;
    let least = near;
    let i = firstAbove(start, time + near, ptr[lane], ptr[lane + 1]) - 1;
    for (let n = 0; i >= ptr[lane] && n < 50; i--, n++) {
      const off = Math.max(start[i] - time, time - start[i] - length[i], 0);
      if (off < least || (off === 0 && best === null)) {
        best = i;
        least = off;
      }
      if (start[i] + length[i] < time - near) break;
    }
    return { row, span: best, time };
  },

  // the unit of a row at a height within it
  laneAt(row, y) {
    const k = Math.floor(((y - 1) * row.lanes.length) / (row.height - 3));
    return row.lanes[Math.max(0, Math.min(row.lanes.length - 1, k))];
  },

  levelAt(row, time) {
    if (!this.levels) return null;
    const { time: times, level, ptr } = this.levels;
    const i = firstAbove(times, time, ptr[row.level], ptr[row.level + 1]);
    return i > ptr[row.level] ? level[i - 1] : 0;
  },

  // bring a span or a segment of the critical path into view and choose it
  show(chosen) {
    this.chosen = chosen;
    const { start, length } = typeof chosen === "object" ? this.path : this.columns;
    const i = typeof chosen === "object" ? chosen.path : chosen;
    const size = this.to - this.from;
    if (length[i] > size || start[i] < this.from || start[i] + length[i] > this.to) {
      const room = Math.max(size, length[i] * 1.5);
      const from = start[i] + length[i] / 2 - room / 2;
      this.view(Math.max(0, from), Math.max(0, from) + room);
    }
    if (length[i] * this.scale < 3) {
      const room = Math.max(20, length[i] * 40);
      const from = Math.max(0, start[i] + length[i] / 2 - room / 2);
      this.view(from, from + room);
    }
    if (typeof chosen !== "object") this.unfoldTo(this.laneOf(chosen));
    this.tell(chosen);
    this.draw();
    this.node.scrollIntoView({ block: "nearest" });
  },

  unfoldTo(lane) {
    for (const group of this.groups) {
      for (const one of [group, ...group.inner]) {
        if (one.folded && lanesIn(one).includes(lane)) {
          one.folded = false;
          this.folded();
          this.resize();
        }
      }
    }
    const row = this.rowOf.get(lane);
    if (row.y < this.top) this.scroll(row.y - this.top - 30);
    const below = row.y + row.height + HEAD - this.top - this.tall;
    if (below > 0) this.scroll(below + 30);
  },

  spanOfTask(task) {
    if (!this.told) return -1;
    if (!this.spanOf) {
      this.spanOf = new Map();
      for (let i = this.told.task.length - 1; i >= 0; i--) this.spanOf.set(this.told.task[i], i);
    }
    return this.spanOf.has(task) ? this.spanOf.get(task) : -1;
  },

  step(by) {
    if (typeof this.chosen !== "number") return;
    const { lane_ptr: ptr } = this.run.timeline;
    const lane = this.laneOf(this.chosen);
    this.show(Math.max(ptr[lane], Math.min(ptr[lane + 1] - 1, this.chosen + by)));
  },

  stepPath(by) {
    if (!this.path || !this.path.start.length) return;
    let i = -1;
    if (this.chosen && typeof this.chosen === "object") i = this.chosen.path + by;
    else if (this.chosen === null) i = firstAbove(this.path.start, (this.from + this.to) / 2, 0, this.path.start.length) - 1;
    else i = firstAbove(this.path.start, this.columns.start[this.chosen], 0, this.path.start.length) - 1 + (by > 0 ? 1 : 0);
    this.show({ path: Math.max(0, Math.min(this.path.start.length - 1, i)) });
  },

  cause() {
    const task = this.causeOf();
    const span = task === null ? -1 : this.spanOfTask(task);
    if (span >= 0) this.show(span);
  },

  causeOf() {
    if (typeof this.chosen !== "number" || !this.told || this.told.cause[this.chosen] === 0) return null;
    return (this.told.task[this.chosen] - this.told.holder[this.chosen]) >>> 0;
  },
});

// wheel, mouse and keys; `current` gives the timeline that is shown
function listen(current) {
  const node = byId("timeline");
  const canvas = byId("canvas");
  const bar = byId("rolling");
  let dragged = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("wheel", (event) => {
    const line = current();
    const [x] = place(event);
    const pixels = event.deltaY * (event.deltaMode === 1 ? 18 : 1);
    const rolls = x < line.left && line.height + HEAD > line.tall;
    if (x < line.left && !rolls) return;
    event.preventDefault();
    if (rolls) line.scroll(pixels);
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      line.pan((event.deltaX || pixels) / (line.width - line.left));
    } else line.zoom(Math.exp(Math.max(-300, Math.min(300, pixels)) / 400), x);
    hideTip();
  }, { passive: false });
  bar.addEventListener("scroll", () => {
    current().top = bar.scrollTop;
    current().draw();
  });
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = place(event);
    dragged = { x, y, from: current().from, top: current().top, far: false, selects: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const line = current();
    const [x, y] = place(event);
    if (!dragged) return hover(line, x, y);
    if (Math.hypot(x - dragged.x, y - dragged.y) > 4) dragged.far = true;
    if (!dragged.far) return undefined;
    hideTip();
    if (dragged.selects) {
      const at = [dragged.x, x].map((one) => line.from + (Math.max(line.left, one) - line.left) / line.scale);
      return line.select(Math.min(...at), Math.max(...at));
    }
    if (dragged.x >= line.left) {
      const from = dragged.from - (x - dragged.x) / line.scale;
      const size = line.to - line.from;
      const held = Math.max(0, Math.min(line.extent - size, from));
      line.view(held, held + size);
    }
    return line.scroll(dragged.top - (y - dragged.y) - line.top);
  });
  canvas.addEventListener("pointerup", (event) => {
    const line = current();
    if (dragged && !dragged.far) pick(line, line.at(...place(event)));
    dragged = null;
  });
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("dblclick", (event) => current().zoom(0.25, place(event)[0]));
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const line = current();
    const act = {
      "+": () => line.zoom(0.5), "=": () => line.zoom(0.5), "-": () => line.zoom(2), "_": () => line.zoom(2),
      "0": () => line.view(0, line.extent), Home: () => line.view(0, line.to - line.from),
      End: () => line.view(line.extent - (line.to - line.from), line.extent),
      ArrowLeft: () => line.pan(-0.15), ArrowRight: () => line.pan(0.15),
      ArrowUp: () => line.scroll(-54), ArrowDown: () => line.scroll(54),
      PageUp: () => line.scroll(HEAD - line.tall), PageDown: () => line.scroll(line.tall - HEAD),
      "/": () => byId("search").focus(), n: () => nextMatch(line, 1), p: () => nextMatch(line, -1),
      j: () => line.step(1), k: () => line.step(-1), c: () => line.cause(), f: () => line.foldAll(),
      r: () => line.select(line.from, line.to),
      "]": () => line.stepPath(1), "[": () => line.stepPath(-1), Escape: () => pick(line, null),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function pick(line, found) {
  if (found && found.row && found.row.type === "group") return line.fold(found.row);
  line.chosen = null;
  if (found && found.segment !== undefined) line.chosen = { path: found.segment };
  else if (found && typeof found.span === "number") line.chosen = found.span;
  line.draw();
  return line.tell(line.chosen);
}
