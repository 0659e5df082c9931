// Pixels of a lane. Where several tasks fall into one pixel, it has the colour of what takes most of its time,
// the paler, the less of it is taken: so a million tasks cost no more than the pixels they fall into.

const SHADES = 16;
const DIM = 0; // colour number of what a search leaves out

function packedColour(red, green, blue) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function rgb(text) {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text.trim());
  return found ? found.slice(1).map((part) => parseInt(part, 16)) : [128, 128, 128];
}

// shades of each colour from pale to full, and a darker one for the end of a task
function palette(colours, background) {
  const ground = rgb(background);
  const table = new Uint32Array(colours.length * (SHADES + 1));
  colours.forEach((text, c) => {
    const full = rgb(text);
    for (let s = 0; s < SHADES; s++) {
      const weight = 0.25 + (0.75 * s) / (SHADES - 1);
      const mixed = full.map((part, i) => Math.round(part * weight + ground[i] * (1 - weight)));
      table[c * (SHADES + 1) + s] = packedColour(...mixed);
    }
    const edge = full.map((part, i) => Math.round(part * 0.55 + ground[i] * 0.45));
    table[c * (SHADES + 1) + SHADES] = packedColour(...edge);
  });
  return table;
}

class LanePixels {
  constructor(width, nColours) {
    this.width = width;
    this.cover = new Float32Array(width);
    this.colour = new Uint16Array(width);
    this.edge = new Uint8Array(width);
    this.path = new Uint8Array(width);
    this.sums = new Float32Array(nColours);
  }

  clear() {
    this.cover.fill(0);
    this.edge.fill(0);
    this.path.fill(0);
  }

  // one lane: spans [from, to) of columns, seen from `t0` on with `scale` pixels for a picosecond
  paint(columns, from, to, t0, scale, colourOfKind, kept) {
    this.clear();
    const { start, length, kind, onPath } = columns;
    const { width, cover, colour, edge, path, sums } = this;
    let i = Math.max(from, firstAbove(start, t0, from, to) - 1);
    let here = -1; // the pixel that is being summed up
    let best = 0;
    const add = (x, part, c) => {
      if (x !== here) {
        sums.fill(0);
        best = 0;
        here = x;
      }
      cover[x] += part;
      const sum = (sums[c] += part);
      if (sum > best) {
        best = sum;
        colour[x] = c;
      }
    };
    for (const end = t0 + width / scale; i < to && start[i] < end; i++) {
      const a = Math.max(0, (start[i] - t0) * scale);
      const b = Math.min(width, (start[i] + length[i] - t0) * scale);
      if (b < 0 || (b === 0 && start[i] < t0)) continue;
      const c = kept && !kept[i] ? DIM : colourOfKind[kind[i]];
      const first = Math.min(width - 1, Math.floor(a));
      const last = Math.min(width - 1, Math.floor(b));
      if (onPath[i]) for (let x = first; x <= last && (x < b || x === first); x++) path[x] = 1;
      if (first === last) {
        add(first, Math.max(b - a, 0.02), c);
        continue;
      }
      add(first, first + 1 - a, c);
      for (let x = first + 1; x < last; x++) {
        cover[x] = 1;
        colour[x] = c;
      }
      if (b > last) add(last, b - last, c);
      if (b - a >= 4) edge[b > last + 0.5 ? last : last - 1] = 1;
    }
  }

  // into a picture of packed pixels
  put(pixels, stride, left, top, height, shades, pathColour, pathHeight) {
    const { width, cover, colour, edge, path } = this;
    const line = new Uint32Array(width);
    for (let x = 0; x < width; x++) {
      if (!cover[x]) continue;
      const s = edge[x] ? SHADES : Math.min(SHADES - 1, Math.ceil(Math.min(1, cover[x]) * (SHADES - 1)));
      line[x] = shades[colour[x] * (SHADES + 1) + s];
    }
    for (let y = top; y < top + height; y++) {
      const marked = y >= top + height - pathHeight;
      for (let x = 0, at = y * stride + left; x < width; x++, at++) {
        if (marked && path[x]) pixels[at] = pathColour;
        else if (line[x]) pixels[at] = line[x];
      }
    }
  }
}

// the windows of a row of the preview, over the whole width
LanePixels.prototype.preview = function preview({ n, most, cover }, row) {
  this.clear();
  for (let x = 0; x < this.width; x++) {
    const at = row * n + Math.floor((x * n) / this.width);
    this.cover[x] = cover[at] / 255;
    this.colour[x] = most[at] + 1;
  }
};

// between tasks: a thin line in the colour of what the lane does then
LanePixels.prototype.putGaps = function putGaps(pixels, stride, top, height, gaps, colours) {
  const thin = Math.max(1, Math.round(height / 4));
  const from = top + Math.floor((height - thin) / 2);
  for (let y = from; y < from + thin; y++) {
    for (let x = 0; x < this.width; x++) if (gaps[x] && !this.cover[x]) pixels[y * stride + x] = colours[gaps[x]];
  }
};

// a folded group: the mean of its lanes, in the colour of the fullest
function paintGroup(out, lane, paintOne, lanes) {
  out.clear();
  const most = new Float32Array(out.width);
  for (const number of lanes) {
    paintOne(lane, number);
    for (let x = 0; x < out.width; x++) {
      const cover = Math.min(1, lane.cover[x]);
      out.cover[x] += cover / lanes.length;
      if (cover > most[x]) {
        most[x] = cover;
        out.colour[x] = lane.colour[x];
      }
      if (lane.path[x]) out.path[x] = 1;
    }
  }
}

// highest level in each pixel: steps [from, to) of times and levels
function highestLevels(times, levels, from, to, t0, scale, width) {
  const out = new Float64Array(width);
  let i = firstAbove(times, t0, from, to);
  let level = i > from ? levels[i - 1] : 0;
  for (let x = 0; x < width; x++) {
    const end = t0 + (x + 1) / scale;
    let highest = level;
    while (i < to && times[i] < end) {
      level = levels[i++];
      if (level > highest) highest = level;
    }
    out[x] = highest;
  }
  return out;
}
