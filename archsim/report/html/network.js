// The network: its layers with their shapes, how often they fire, and where they sit on the chip.

const BOX = { width: 176, height: 92, across: 236, down: 116 };
const MOST_TILES = 6;

function depthsOf(layers) {
  const depth = new Map();
  layers.forEach(({ name, inputs }, i) => {
    const before = inputs.filter((input) => depth.has(input)).map((input) => depth.get(input));
    depth.set(name, before.length ? Math.max(...before) + 1 : i ? (inputs.length ? 1 : i) : 0);
  });
  return depth;
}

class NetworkGraph {
  constructor(run, current) {
    this.run = run;
    this.current = current;
    this.activity = new Map((run.record.activity || []).map((row) => [row.layer, row]));
  }

  draw() {
    const { layers, is_known: known } = this.run.network;
    byId("network-section").hidden = !layers.length;
    if (!layers.length) return;
    const places = this.places(layers);
    const width = Math.max(...[...places.values()].map(([x]) => x)) + BOX.width + 8;
    const height = Math.max(...[...places.values()].map(([, y]) => y)) + BOX.height + 16;
    const drawn = el("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
    for (const layer of layers) for (const input of layer.inputs) if (places.has(input)) drawn.append(this.edge(places.get(input), places.get(layer.name)));
    for (const layer of layers) drawn.append(this.box(layer, places.get(layer.name)), ...(layer.is_recurrent ? [this.loop(places.get(layer.name))] : []));
    const strip = [el("span", { class: "key" }, "firing rate: 0 % ", el("i", { class: "scale" }), ` ${percent(this.highest())}`)];
    fill(byId("network"), el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "the network, which scrolls" }, drawn),
      el("figcaption", { class: "legend" }, ...(this.activity.size ? strip : [el("span", { class: "hint" }, "What fired is not known of this run.")]),
        ...(known ? [] : [el("span", { class: "hint" }, "Which layer feeds which was not saved with this run, so only their order is shown.")])));
    fill(byId("network-table"), this.table(layers));
  }

  // layers of one depth below each other; a long chain turns into lines of what fits across
  places(layers) {
    const depth = depthsOf(layers);
    const per = Math.max(1, Math.floor((byId("network").clientWidth - 8) / BOX.across));
    const used = new Map();
    const tall = Math.max(...[...depth.values()].map((d) => [...depth.values()].filter((other) => other === d).length));
    return new Map(layers.map(({ name }) => {
      const d = depth.get(name);
      const k = used.get(d) || 0;
      used.set(d, k + 1);
      return [name, [4 + (d % per) * BOX.across, 4 + (Math.floor(d / per) * tall + k) * BOX.down]];
    }));
  }

  edge([xa, ya], [xb, yb]) {
    const [x0, y0, x1, y1] = [xa + BOX.width, ya + BOX.height / 2, xb, yb + BOX.height / 2];
    const turn = x1 < x0;
    const d = turn ? `M${xa + BOX.width / 2} ${ya + BOX.height}C${xa + BOX.width / 2} ${ya + BOX.height + 30} ${xb + BOX.width / 2} ${yb - 30} ${xb + BOX.width / 2} ${yb - 6}`
      : `M${x0} ${y0}C${x0 + 30} ${y0} ${x1 - 34} ${y1} ${x1 - 6} ${y1}`;
    const [hx, hy] = turn ? [xb + BOX.width / 2, yb] : [x1, y1];
    const head = turn ? `M${hx} ${hy}l-4 -7h8z` : `M${hx} ${hy}l-7 -4v8z`;
    return el("g", {}, el("path", { d, class: "edge" }), el("path", { d: head, class: "head" }));
  }

  // from a layer to itself, a timestep later
  loop([x, y]) {
    const [left, low] = [x + BOX.width / 2 - 16, y + BOX.height];
    return el("g", {}, el("path", { d: `M${left + 32} ${low}c0 14 -32 14 -32 5`, class: "edge loop" }),
      el("path", { d: `M${left} ${low}l-4 7h8z`, class: "head" }));
  }

  highest() {
    return Math.max(0, ...[...this.activity.values()].map((row) => row.firing_rate || 0));
  }

  lines(layer) {
    const row = this.activity.get(layer.name);
    const rate = !row ? "" : row.firing_rate === null ? `${percent(1 - row.sparsity)} not zero` : `fires ${percent(row.firing_rate)}`;
    const shape = layer.shape.join(" × ");
    return [[layer.kind, shape].filter(Boolean).join(" "), rate, placeText(layer)];
  }

  box(layer, [x, y]) {
    const row = this.activity.get(layer.name);
    const colour = row && row.firing_rate !== null ? heat(row.firing_rate / (this.highest() || 1)) : { fill: colourOf("--group"), ink: colourOf("--ink") };
    const text = (line, k) => el("text", { x: x + 10, y: y + 20 + 19 * k, style: `fill:${colour.ink}`, class: k ? "small" : "name" }, shortened(line, k ? 29 : 22));
    const all = [layer.name, ...this.lines(layer).filter(Boolean)];
    return el("g", {}, el("rect", { x, y, width: BOX.width, height: BOX.height, rx: 6, fill: colour.fill, class: "tile" }),
      ...all.map(text), el("title", {}, all.join("\n")));
  }

  table(layers) {
    const rows = layers.map((layer) => [layer.name, layer.kind, [...layer.inputs, ...(layer.is_recurrent ? ["itself"] : [])].join(", "), layer.shape.join(" × "), layer.weights.join(" × "),
      layer.arrays || "", Object.keys(layer.tiles).join(", ")]);
    return table("Layers of the network", ["layer", "kind", "fed by", "shape", "rows × columns", "arrays", "tiles"], rows, [5]);
  }
}

function placeText({ arrays, tiles }) {
  const names = Object.keys(tiles);
  const where = !names.length ? "" : names.length <= MOST_TILES ? `tile${names.length > 1 ? "s" : ""} ${names.join(", ")}`
    : `${names.length} tiles, ${names[0]} to ${names[names.length - 1]}`;
  return [arrays ? `${arrays} array${arrays > 1 ? "s" : ""}` : "", where].filter(Boolean).join(" on ");
}
