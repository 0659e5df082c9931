// What each lane does when: it works, or the next task of it waits for space, or for its turn, or is not there yet
// (starved), or there is none any more (idle).

const STATES = [["working", "--accent"], ["blocked by space", "--blocked"], ["waiting for its turn", "--turn"],
  ["starved", "--starved"], ["idle", "--paper"]];
const [WORKING, BLOCKED, TURN, STARVED, IDLE] = [0, 1, 2, 3, 4];

// by lane, picoseconds of each state: [lane * 5 + state]
function statesOf(run, columns, told) {
  const { lane_ptr: ptr, causes } = run.timeline;
  const end = run.timeline.makespan_ps;
  const space = causes.indexOf("space");
  const { start, length } = columns;
  const out = new Float64Array(STATES.length * (ptr.length - 1));
  for (let lane = 0; lane + 1 < ptr.length; lane++) {
    const at = STATES.length * lane;
    let free = 0;
    for (let i = ptr[lane]; i < ptr[lane + 1]; i++) {
      const gap = Math.max(0, start[i] - free);
      const waited = Math.min(gap, told.wait[i]);
      out[at + WORKING] += length[i];
      out[at + (told.cause[i] === space ? BLOCKED : TURN)] += waited;
      out[at + STARVED] += gap - waited;
      free = Math.max(free, start[i] + length[i]);
    }
    out[at + IDLE] = Math.max(0, end - free);
  }
  return out;
}

// shares of the run, of some lanes together
function sharesOf(states, lanes, end) {
  const sums = STATES.map((_, k) => lanes.reduce((sum, lane) => sum + states[STATES.length * lane + k], 0));
  return sums.map((sum) => sum / (end * Math.max(1, lanes.length)));
}

Object.assign(Timeline.prototype, {
  // state of each pixel of a lane between its tasks; 0 where it works, or where that is thinner than a pixel
  gapsOf(lane, scale, width, into) {
    into.fill(0);
    const { lane_ptr: ptr, causes } = this.run.timeline;
    const { start, length } = this.columns;
    const { wait, cause } = this.told;
    const space = causes.indexOf("space");
    const stop = ptr[lane + 1];
    let i = Math.max(ptr[lane], firstAbove(start, this.from, ptr[lane], stop) - 1);
    const mark = (a, b, state) => {
      const first = Math.max(0, Math.ceil((a - this.from) * scale));
      const last = Math.min(width, Math.floor((b - this.from) * scale));
      for (let x = first; x < last; x++) into[x] = state;
    };
    for (; i < stop; i++) {
      const free = i > ptr[lane] ? start[i - 1] + length[i - 1] : 0;
      if (free > this.to) return;
      const ready = Math.max(free, start[i] - wait[i]);
      if (ready > free) mark(free, ready, STARVED);
      if (start[i] > ready) mark(ready, start[i], cause[i] === space ? BLOCKED : TURN);
    }
  },

  sharesOfRow(row) {
    const lanes = lanesIn(row);
    return this.states && lanes.length ? sharesOf(this.states, lanes, this.end) : null;
  },

  // by busy or waiting time of the units of a resource, where that is asked for
  orderOf() {
    if (this.order === "chip" || !this.states) return null;
    return (row) => {
      const shares = sharesOf(this.states, row.lanes, this.end);
      return this.order === "busy" ? shares[WORKING] : shares[BLOCKED] + shares[TURN];
    };
  },

  // a bar of the states of a row, and how much of it works
  drawShares(row, y) {
    const shares = this.sharesOfRow(row);
    if (!shares) return;
    const { context } = this;
    const left = this.left - SHARES;
    const middle = y + row.height / 2;
    let x = left;
    STATES.forEach(([, colour], k) => {
      const wide = shares[k] * BAR;
      context.fillStyle = colourOf(colour);
      context.fillRect(x, middle - 4, wide, 8);
      x += wide;
    });
    context.strokeStyle = colourOf("--edge");
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, middle - 4.5, BAR, 9);
    context.fillStyle = colourOf("--ink");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(Math.round(100 * shares[WORKING]) + "%", this.left - 5, middle + 0.5);
    context.textAlign = "left";
    context.font = FONT;
  },
});
