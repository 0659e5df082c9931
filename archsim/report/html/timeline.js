// The timeline: a canvas with an axis, the critical path, and the rows of a chip.

const AXIS = 30;
const PATH_ROW = 20;
const HEAD = AXIS + PATH_ROW;
const FONT = "12px system-ui, sans-serif";
const MOST_LABEL = 400;
const BAR = 54; // the states of a row
const SHARES = BAR + 44; // with how much of it works

class Timeline {
  constructor(run, changed) {
    this.run = run;
    this.changed = changed;
    this.node = byId("timeline");
    this.canvas = byId("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.groups = groupsOf(run.timeline);
    this.end = Math.max(1, run.timeline.makespan_ps);
    this.extent = this.end; // what can be looked at: more beside a run that takes longer
    this.from = 0;
    this.to = this.end;
    this.top = 0;
    this.chosen = null; // number of a span, or {path: number of a segment}
    this.kept = null; // 1 for each span that a search found
    this.order = "chip";
    this.range = null; // [from, to] of a selection
    this.by = new Set(run.timeline.kinds.map((kind) => kind[2])).size > 1 ? "stage" : "layer";
    const { preview } = run.timeline;
    this.preview = { ...preview, most: bytesOf(preview.most), cover: bytesOf(preview.cover) };
    this.folded();
  }

  async load() {
    // the page may still be on its way in
    if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done));
    const rest = JSON.parse(byId("rest-" + this.number).textContent);
    this.columns = await drawnColumns(this.run.timeline, rest.spans);
    this.resize();
    const { edges, unseen, ...told } = await toldColumns(this.run.timeline, rest);
    Object.assign(this, told);
    this.edges = new Edges(edges.n, edges.back);
    this.sums = new Sums(this.run, this.columns, this.told, unseen);
    this.states = statesOf(this.run, this.columns, this.told);
    this.draw();
  }

  // ---- what is shown ----

  folded() {
    Object.assign(this, rowsOf(this.groups, this.orderOf()));
    // where each lane is drawn: on its own row, or on that of the folded group around it
    this.rowOf = new Map(this.rows.filter((row) => row.lanes || row.folded).flatMap((row) => lanesIn(row).map((lane) => [lane, row])));
    this.context.font = FONT;
    let widest = this.context.measureText("critical path").width + 12 - SHARES;
    for (const row of this.rows) {
      widest = Math.max(widest, this.indent(row) + this.context.measureText(row.label).width + 12);
    }
    // names take a third of the page at most
    this.left = Math.ceil(Math.min(MOST_LABEL, Math.max(170, this.node.clientWidth / 3), widest + SHARES));
    byId("height").style.height = this.height + "px";
  }

  indent(row) {
    return 8 + 12 * row.depth + (row.type === "group" ? 14 : 0);
  }

  resize() {
    const width = this.node.clientWidth;
    if (!width) return;
    const most = this.printing ? 1200 : Math.max(220, Math.round(window.innerHeight * 0.62));
    const height = Math.min(this.height + HEAD, most);
    this.node.style.height = height + 2 + "px"; // with its borders
    const bar = byId("rolling");
    bar.hidden = this.height + HEAD <= height;
    this.ratio = window.devicePixelRatio || 1;
    this.width = width - (bar.hidden ? 0 : 14);
    this.tall = height;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.canvas.style.width = this.width + "px";
    this.canvas.style.height = height + "px";
    // at once: a canvas of a new size is black, and a printer waits for no frame
    this.drawNow();
  }

  colours() {
    const { layers, stages } = this.run.timeline;
    const names = this.by === "layer" ? layers : stages;
    const known = this.run.colours[this.by];
    const grey = colourOf("--span-none");
    const list = names.map((name) => (name === "input" ? colourOf("--span-input") : known[name] || grey));
    return { names, list };
  }

  // ---- drawing ----

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    const once = () => {
      this.waiting = false;
      this.drawNow();
    };
    if (this.drawn) requestAnimationFrame(once);
    else once();
  }

  drawNow() {
    const { context, ratio } = this;
    this.top = Math.max(0, Math.min(this.top, this.height + HEAD - this.tall));
    const room = Math.max(1, this.width - this.left);
    this.scale = room / (this.to - this.from); // pixels of the page for a picosecond
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colourOf("--paper");
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.paintRows(room);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawLabels();
    if (this.columns) this.drawTaskNames();
    this.drawHead(room);
    this.drawRange();
    this.drawArrows();
    this.drawChosen();
    this.drawn = true;
    if (!window.archsimDrawn) window.archsimDrawn = performance.now();
    this.changed(this);
  }

  visible() {
    const first = Math.max(0, rowAt(this.rows, this.top));
    const shown = [];
    for (let i = first; i < this.rows.length && this.rows[i].y < this.top + this.tall - HEAD; i++) {
      shown.push(this.rows[i]);
    }
    return shown;
  }

  paintRows(room) {
    const { ratio, context, columns } = this;
    const { list } = this.colours();
    const colours = [colourOf("--span-dim"), ...list];
    const background = colourOf("--paper");
    const shades = palette(colours, background);
    const part = this.by === "layer" ? 1 : 2;
    const colourOfKind = Uint16Array.from(this.run.timeline.kinds, (kind) => kind[part] + 1);
    const left = Math.round(this.left * ratio);
    const width = Math.min(Math.round(room * ratio), this.canvas.width - left);
    const y0 = Math.round(HEAD * ratio);
    const height = this.canvas.height - y0;
    if (width <= 0 || height <= 0) return;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const ground = packedColour(...rgb(background));
    const stripe = packedColour(...rgb(colourOf("--group")));
    pixels.fill(ground);
    const grid = packedColour(...rgb(colourOf("--line")));
    for (const value of ticks(this.from, this.to, room / 110).values) {
      const x = Math.round((value - this.from) * (width / (this.to - this.from)));
      for (let at = x; x < width && at < pixels.length; at += width) pixels[at] = grid;
    }
    const scale = width / (this.to - this.from);
    const lane = new LanePixels(width, colours.length);
    const sum = new LanePixels(width, colours.length);
    const ptr = this.run.timeline.lane_ptr;
    const paint = (into, number) =>
      into.paint(columns, ptr[number], ptr[number + 1], this.from, scale, colourOfKind, this.kept);
    const pathColour = packedColour(...rgb(colourOf("--path")));
    const curve = packedColour(...rgb(colourOf("--level")));
    const between = STATES.map(([, name]) => packedColour(...rgb(colourOf(name))));
    const gaps = new Uint8Array(width);
    for (const row of this.visible()) {
      const top = Math.round((row.y - this.top) * ratio);
      const bottom = Math.min(height, Math.round((row.y + row.height - this.top) * ratio));
      const low = Math.max(0, top + Math.round(2 * ratio));
      const high = Math.max(low, Math.min(height, bottom - Math.round(2 * ratio)));
      const band = Math.max(2, Math.round(3 * ratio));
      if (row.type === "group") pixels.fill(stripe, Math.max(0, top) * width, bottom * width);
      if (row.type === "lane") {
        row.lanes.forEach((number, k) => {
          const slot = slotOf(row, k);
          const from = Math.round((row.y - this.top + slot.top) * ratio);
          const a = Math.max(0, Math.min(height, from));
          const b = Math.max(a, Math.min(height, Math.round((row.y - this.top + slot.top + slot.height - (row.lanes.length > 1 ? 1 : 0)) * ratio)));
          if (b === a) return;
          if (this.columns) paint(lane, number);
          else lane.preview(this.preview, this.preview.rows.indexOf(number));
          if (this.told && !this.kept) {
            this.gapsOf(number, scale, width, gaps);
            lane.putGaps(pixels, width, a, b - a, gaps, between);
          }
          lane.put(pixels, width, 0, a, b - a, shades, pathColour, Math.min(band, Math.ceil((b - a) / 3)));
        });
      } else if (row.type === "level") {
        this.putLevel(row, pixels, width, low, high, bottom - top, scale, curve);
      } else if (row.folded) {
        const lanes = lanesIn(row);
        if (!lanes.length) continue;
        if (this.columns) paintGroup(sum, lane, paint, lanes);
        else sum.preview(this.preview, this.preview.rows.indexOf(row.tile));
        sum.put(pixels, width, 0, low, high - low, shades, pathColour, band);
      }
    }
    context.putImageData(image, left, y0);
    this.paintPath(lane, left, width, scale, shades, colourOfKind, ground, pathColour);
  }

  putLevel(row, pixels, width, low, high, height, scale, colour) {
    if (!this.levels) return;
    const { time, level, ptr } = this.levels;
    const capacity = this.run.timeline.resources[row.resource].capacity;
    const values = highestLevels(time, level, ptr[row.level], ptr[row.level + 1], this.from, scale, width);
    const most = Math.max(1, height - Math.round(4 * this.ratio));
    for (let x = 0; x < width; x++) {
      const tall = Math.ceil((most * Math.min(values[x], capacity)) / capacity);
      for (let y = Math.max(low, high - tall); y < high; y++) pixels[y * width + x] = colour;
    }
  }

  drawLabels() {
    const { context } = this;
    context.font = FONT;
    context.textBaseline = "middle";
    context.save();
    context.beginPath();
    context.rect(0, HEAD, this.width, this.tall - HEAD);
    context.clip();
    for (const row of this.visible()) {
      const y = HEAD + row.y - this.top;
      context.fillStyle = colourOf(row.type === "group" ? "--group" : "--paper");
      context.fillRect(0, y, this.left, row.height);
      context.fillStyle = colourOf("--ink");
      const x = this.indent(row);
      if (row.type === "group") this.drawFold(x - 14, y + row.height / 2, row.folded);
      context.fillText(this.fitted(row.label, this.left - x - 6 - (row.type === "level" ? 0 : SHARES)), x, y + row.height / 2 + 0.5);
      if (row.type !== "level") this.drawShares(row, y);
      context.fillStyle = colourOf("--line");
      context.fillRect(0, y + row.height - 1, this.width, 1);
      if (row.type === "level") this.drawCapacity(row, y);
    }
    context.restore();
  }

  drawFold(x, y, folded) {
    const { context } = this;
    context.beginPath();
    if (folded) [[0, -4], [6, 0], [0, 4]].forEach(([dx, dy]) => context.lineTo(x + dx, y + dy));
    else [[-1, -3], [7, -3], [3, 4]].forEach(([dx, dy]) => context.lineTo(x + dx, y + dy));
    context.fill();
  }

  drawCapacity(row, y) {
    const { context } = this;
    const text = "of " + this.run.timeline.resources[row.resource].capacity;
    context.textAlign = "right";
    context.font = "10px system-ui, sans-serif";
    const wide = context.measureText(text).width;
    context.fillStyle = colourOf("--paper");
    context.fillRect(this.width - wide - 9, y + 2, wide + 7, 13);
    context.fillStyle = colourOf("--ink");
    context.fillText(text, this.width - 5, y + 9);
    context.textAlign = "left";
    context.font = FONT;
  }

  fitted(text, width) {
    if (this.context.measureText(text).width <= width) return text;
    let low = 1;
    let high = Math.min(text.length, 200);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.context.measureText(shortened(text, middle)).width <= width) low = middle;
      else high = middle - 1;
    }
    return shortened(text, low);
  }

  x(time) {
    return this.left + (time - this.from) * this.scale;
  }

  // names in tasks that are wide enough
  drawTaskNames() {
    const { context, columns, run } = this;
    const { lane_ptr: ptr, kinds, actions } = run.timeline;
    context.font = "11px system-ui, sans-serif";
    const { list } = this.colours();
    const part = this.by === "layer" ? 1 : 2;
    context.save();
    context.beginPath();
    context.rect(this.left, HEAD, this.width - this.left, this.tall - HEAD);
    context.clip();
    for (const row of this.visible()) {
      if (row.type !== "lane" || row.lanes.length > 1) continue;
      const [lane] = row.lanes;
      const stop = ptr[lane + 1];
      let i = Math.max(ptr[lane], firstAbove(columns.start, this.from, ptr[lane], stop) - 1);
      for (let n = 0; i < stop && columns.start[i] < this.to && n < 200; i++, n++) {
        const a = Math.max(this.left, this.x(columns.start[i]));
        const b = Math.min(this.width, this.x(columns.start[i] + columns.length[i]));
        if (b - a < 44 || (this.kept && !this.kept[i])) continue;
        const [red, green, blue] = rgb(list[kinds[columns.kind[i]][part]]);
        context.fillStyle = 0.3 * red + 0.59 * green + 0.11 * blue > 125 ? "#000" : "#fff";
        const text = actions[kinds[columns.kind[i]][0]].split("@")[0];
        const fits = this.fitted(text, b - a - 8);
        if (fits.length > 2) context.fillText(fits, a + 4, HEAD + row.y - this.top + row.height / 2);
      }
    }
    context.restore();
  }

  drawHead(room) {
    const { context } = this;
    context.fillStyle = colourOf("--paper");
    context.fillRect(0, 0, this.width, HEAD);
    const unit = unitOf(this.to, "time");
    const { values, step } = ticks(this.from, this.to, room / 110);
    context.font = FONT;
    context.textBaseline = "middle";
    context.fillStyle = colourOf("--ink");
    context.fillText("time (" + unit.name + ")", 8, AXIS / 2);
    context.fillText("critical path", 8, AXIS + PATH_ROW / 2);
    for (const value of values) {
      const x = this.x(value);
      const text = tickText(value, step, unit.size);
      const half = context.measureText(text).width / 2;
      context.fillStyle = colourOf("--line");
      context.fillRect(Math.round(x), AXIS - 7, 1, 7);
      context.fillStyle = colourOf("--ink");
      const at = Math.min(Math.max(x, this.left + half), this.width - half - 3);
      context.textAlign = "center";
      context.fillText(text, at, AXIS / 2 - 1);
      context.textAlign = "left";
    }
    if (this.pathImage) context.putImageData(this.pathImage.image, this.pathImage.left, this.pathImage.top);
    context.fillStyle = colourOf("--edge");
    context.fillRect(0, HEAD - 1, this.width, 1);
    context.fillRect(this.left - 1, 0, 1, this.tall);
  }

  // the critical path as a lane of its own, in the pixels of the picture
  paintPath(lane, left, width, scale, shades, colourOfKind, ground, pathColour) {
    const { context, path, ratio } = this;
    if (!path) return;
    const height = Math.round((PATH_ROW - 4) * ratio);
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer).fill(ground);
    const columns = { ...path, onPath: new Uint8Array(path.kind.length).fill(1) };
    lane.paint(columns, 0, path.kind.length, this.from, scale, colourOfKind, null);
    lane.put(pixels, width, 0, 0, height, shades, pathColour, Math.max(2, Math.round(3 * ratio)));
    this.pathImage = { image, left, top: Math.round((AXIS + 2) * ratio) };
  }

  drawChosen() {
    const box = this.boxOf(this.chosen);
    if (!box) return;
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(this.left, box.pinned ? 0 : HEAD, this.width - this.left, this.tall);
    context.clip();
    context.lineWidth = 2;
    context.strokeStyle = colourOf("--ink");
    context.strokeRect(box.x - 1, box.y, Math.max(4, box.width + 2), box.height);
    context.restore();
  }

  boxOf(chosen) {
    if (chosen === null) return null;
    if (typeof chosen === "object") {
      const { start, length } = this.path;
      const x = this.x(start[chosen.path]);
      return { x, y: AXIS + 1, width: length[chosen.path] * this.scale, height: PATH_ROW - 3, pinned: true };
    }
    const lane = this.laneOf(chosen);
    const row = this.rowOf.get(lane);
    if (!row) return null;
    const width = this.columns.length[chosen] * this.scale;
    const slot = row.lanes ? slotOf(row, row.lanes.indexOf(lane)) : { top: 2, height: row.height - 4 };
    return { x: this.x(this.columns.start[chosen]), y: HEAD + row.y - this.top + slot.top - 1, width, height: slot.height + 2 };
  }

  laneOf(span) {
    return firstAbove(this.run.timeline.lane_ptr, span, 0, this.run.timeline.lane_ptr.length) - 1;
  }
}
