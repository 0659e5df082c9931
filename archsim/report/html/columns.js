// Columns of numbers: base64, zlib, the bytes of one rank together; see columns.py.

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpack(column) {
  const values = await near(column);
  const [places, given] = column.far;
  if (!places.length) return values;
  const all = Float64Array.from(values);
  places.forEach((place, i) => { all[place] = given[i]; });
  return all;
}

async function near(column) {
  const { n, base } = column;
  const width = column.bytes;
  const flat = n ? await inflated(bytesOf(column.data)) : new Uint8Array(0);
  if (width === 1) return shifted(flat, base);
  const bytes = new Uint8Array(n * width);
  for (let rank = 0; rank < width; rank++) {
    const from = rank * n;
    for (let i = 0, to = rank; i < n; i++, to += width) bytes[to] = flat[from + i];
  }
  const Type = { 2: Uint16Array, 4: Uint32Array, 8: Float64Array }[width];
  return shifted(new Type(bytes.buffer), base);
}

function shifted(values, base) {
  if (base === 0) return values;
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = values[i] + base;
  return out;
}

// sums of differences that begin anew at each place of ptr
function summed(steps, ptr) {
  const out = new Float64Array(steps.length);
  for (let k = 0; k + 1 < ptr.length; k++) {
    let sum = 0;
    for (let i = ptr[k]; i < ptr[k + 1]; i++) out[i] = sum += steps[i];
  }
  return out;
}

// what pictures need of the spans
async function drawnColumns(timeline, packed) {
  const [steps, length, kind, onPath] = await Promise.all(
    [packed.start, packed.length, packed.kind, packed.on_path].map(unpack));
  const start = summed(steps, timeline.lane_ptr);
  return { start, length, kind, onPath };
}

// what is said about a task, and the rest of the picture
async function toldColumns(timeline, rest) {
  const names = ["leads", "task", "latency", "count", "n_units", "timestep", "sample", "wait", "cause", "awaited", "holder",
    "holder_kind"];
  const found = await Promise.all(names.map((name) => unpack(rest.spans[name])));
  const told = Object.fromEntries(names.map((name, i) => [name, found[i]]));
  const task = new Uint32Array(told.task.length);
  for (let i = 0, sum = 0; i < task.length; i++) task[i] = sum = (sum + told.task[i]) >>> 0;
  told.task = task;
  const levels = timeline.levels;
  const [time, level] = await Promise.all([unpack(rest.steps.time), unpack(rest.steps.level)]);
  const names2 = ["task", "length", "why", "resource", "kind", "timestep", "sample"];
  const path = Object.fromEntries(await Promise.all(
    names2.map(async (name) => [name, await unpack(rest.path[name])])));
  path.start = new Float64Array(path.length.length);
  for (let i = 1; i < path.start.length; i++) path.start[i] = path.start[i - 1] + path.length[i - 1];
  const all = async (packed) => Object.fromEntries(
    await Promise.all(Object.entries(packed).map(async ([name, column]) => [name, await unpack(column)])));
  const [edges, unseen] = await Promise.all([all(rest.edges), all(rest.unseen)]);
  return { told, levels: { ...levels, time: summed(time, levels.ptr), level }, path, edges, unseen };
}

// first place in [low, high) whose value is above x
function firstAbove(values, x, low, high) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
