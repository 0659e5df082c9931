// Tiles at their places, coloured by what they did; links, the wider the busier.

const READABLE = 96; // pixels from tile to tile
const TILE_FIGURES = {
  energy_pj: ["dynamic energy", "energy"],
  busy_ps: ["busy time", "time"],
  wait_ps: ["waiting for resources", "time"],
  utilisation: ["mean utilisation", "share"],
  highest: ["highest utilisation", "share"],
};

function figureText(value, kind, n = 3) {
  return kind === "share" ? digits(100 * value, n) + "\u00a0%" : quantity(value, kind, n);
}

// light to dark blue (or the other way in the dark), one hue: more is more
function heat(share) {
  const low = rgb(colourOf("--heat-low"));
  const high = rgb(colourOf("--heat-high"));
  const mixed = low.map((part, i) => Math.round(part + (high[i] - part) * Math.max(0, Math.min(1, share))));
  return { fill: `rgb(${mixed.join(",")})`, ink: 0.3 * mixed[0] + 0.59 * mixed[1] + 0.11 * mixed[2] > 125 ? "#000" : "#fff" };
}

// a line shifted to its side by d, so that the two ways of a link lie beside each other; one that comes back on itself
// is both ways
function beside(points, d) {
  const normals = points.slice(1).map(([xb, yb], i) => {
    const [xa, ya] = points[i];
    const size = Math.hypot(xb - xa, yb - ya) || 1;
    return [(ya - yb) / size, (xb - xa) / size];
  });
  const around = points.map((_, i) => [normals[Math.max(0, i - 1)], normals[Math.min(i, normals.length - 1)]]);
  const turns = around.map(([a, b]) => 1 + a[0] * b[0] + a[1] * b[1]);
  if (Math.min(...turns) < 1e-6) return points;
  return points.map(([x, y], i) => {
    const [a, b] = around[i];
    return [x + (d / turns[i]) * (a[0] + b[0]), y + (d / turns[i]) * (a[1] + b[1])];
  });
}

class Plan {
  constructor(run) {
    this.run = run;
    this.by = "energy_pj";
  }

  draw() {
    choices(byId("tile-by"), Object.entries(TILE_FIGURES).map(([key, [name]]) => [key, name]), this.by);
    const node = byId("plan");
    const { tiles, links, buffer } = this.run.floor;
    if (!tiles.length) return fill(node, el("p", { class: "hint" }, "No resource of this run belongs to a tile."));
    const points = [...tiles.map((tile) => [tile.x, tile.y]), buffer, ...links.flatMap((link) => link.line)];
    const [x0, x1] = [Math.min(...points.map((p) => p[0])) - 0.6, Math.max(...points.map((p) => p[0])) + 0.6];
    const [y0, y1] = [Math.min(...points.map((p) => p[1])) - 0.6, Math.max(...points.map((p) => p[1])) + 0.6];
    // wide enough for names and figures; what does not fit across scrolls
    const pitch = Math.max(READABLE, Math.min(150, (node.clientWidth - 10) / (x1 - x0)));
    this.most = Math.max(...links.map((link) => link.busy_frac), 0) || 1;
    const width = (x1 - x0) * pitch;
    const height = (y1 - y0) * pitch;
    const at = ([x, y]) => [(x - x0) * pitch, (y - y0) * pitch];
    const drawn = el("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
    for (const link of links) if (link.line.length) drawn.append(this.link(link, at, pitch));
    for (const tile of tiles) drawn.append(this.tile(tile, at, pitch));
    drawn.append(this.buffer(buffer, at, pitch));
    fill(node, el("div", { class: "wide plan", tabindex: "0", role: "region", "aria-label": "the floor plan, which scrolls" }, drawn), this.legend());
    return this.tables();
  }

  link(link, at, pitch) {
    const line = beside(link.line.map(at), pitch * 0.07);
    const wide = 1.5 + (link.busy_frac / this.most) * pitch * 0.1;
    const text = `${link.name}: busy ${percent(link.busy_frac)} of the time, ${link.flits} flits, ${quantity(link.energy_pj, "energy")}`;
    const node = el("g", {}, el("polyline", { points: line.join(" "), fill: "none", stroke: this.linkColour(link), "stroke-width": wide }), el("title", {}, text));
    if (pitch >= 110) this.label(node, line, link, wide);
    return node;
  }

  // the share of time beside the longest part of a link, if that runs across or down; a link that goes round
  // others has room for it only where it is alone
  label(node, line, link, wide) {
    if (line.length > 2 && this.run.floor.links.length > 1) return;
    const parts = line.slice(1).map((end, i) => [line[i], end]);
    const length = ([[xa, ya], [xb, yb]]) => Math.hypot(xb - xa, yb - ya);
    const [[xa, ya], [xb, yb]] = parts.reduce((a, b) => (length(b) > length(a) + 1e-6 ? b : a));
    const [x, y] = [(xa + xb) / 2, (ya + yb) / 2];
    const label = { x, y, "text-anchor": "middle", class: "small" };
    if (Math.abs(yb - ya) < 1e-6) label.y = y + (xb > xa ? 1 : -1) * (wide / 2 + 7) + 4;
    else if (Math.abs(xb - xa) < 1e-6) {
      label.x = x + (ya > yb ? 1 : -1) * (wide / 2 + 4);
      label["text-anchor"] = ya > yb ? "start" : "end";
    } else return;
    node.append(el("text", label, percent(link.busy_frac)));
  }

  linkColour(link) {
    const low = rgb(colourOf("--link-low"));
    const high = rgb(colourOf("--link-high"));
    return `rgb(${low.map((part, i) => Math.round(part + (high[i] - part) * (link.busy_frac / this.most))).join(",")})`;
  }

  tile(tile, at, pitch) {
    const [x, y] = at([tile.x, tile.y]);
    const side = pitch * 0.62;
    const kind = TILE_FIGURES[this.by][1];
    const colour = heat(tile[this.by] / this.largest());
    const node = el("g", {}, el("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: 4, fill: colour.fill, class: "tile" }));
    const line = (dy, text, small) => el("text", { x, y: y + dy, "text-anchor": "middle", style: `fill:${colour.ink}`, class: small ? "small" : null }, text);
    const isWide = pitch >= 110;
    node.append(line(-4, (isWide ? "tile " : "") + tile.tile, false), line(12, figureText(tile[this.by], kind, isWide ? 3 : 2), !isWide));
    const all = Object.entries(TILE_FIGURES).map(([key, [name, as]]) => `${name}: ${figureText(tile[key], as)}`);
    node.append(el("title", {}, [`tile ${tile.tile}`, ...all].join("\n")));
    return node;
  }

  buffer(place, at, pitch) {
    const [x, y] = at(place);
    const side = Math.max(30, pitch * 0.5);
    const lines = pitch >= 60 ? ["global", "buffer"] : ["GB"];
    return el("g", {}, el("rect", { x: x - side / 2, y: y - 17, width: side, height: 34, rx: 8, class: "store" }),
      ...lines.map((text, i) => el("text", { x, y: y + 4 + 12 * (i - (lines.length - 1) / 2), "text-anchor": "middle", class: "small" }, text)),
      el("title", {}, "global buffer"));
  }

  largest() {
    const most = Math.max(...this.run.floor.tiles.map((tile) => tile[this.by]));
    return most || 1;
  }

  legend() {
    const [name, kind] = TILE_FIGURES[this.by];
    const strip = el("i", { class: "scale" });
    const links = el("i", { class: "scale links" });
    return el("figcaption", { class: "legend" },
      el("span", { class: "key" }, `tiles by ${name}: 0 `, strip, ` ${figureText(this.largest(), kind)}`),
      el("span", { class: "key" }, "links by share of time that they are busy: 0 % ", links, ` ${percent(this.most)}`));
  }

  tables() {
    const figures = Object.entries(TILE_FIGURES);
    const tiles = this.run.floor.tiles.map((tile) => [tile.tile, ...figures.map(([key, [, kind]]) => figureText(tile[key], kind))]);
    const links = [...this.run.floor.links].sort((a, b) => b.busy_frac - a.busy_frac).map((link) =>
      [link.name, percent(link.busy_frac), String(link.flits), quantity(link.energy_pj, "energy")]);
    fill(byId("plan-tables"), table("Tiles", ["tile", ...figures.map(([, [name]]) => name)], tiles, [0, 1, 2, 3, 4, 5]),
      table("Links", ["link", "busy", "flits", "energy"], links, [1, 2, 3]));
  }
}
