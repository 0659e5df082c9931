// The configurations of a study in columns: their figures, units, filters, and the Pareto front of some.

class Column {
  // of a parameter: places in its texts; of a metric: numbers
  constructor(item, isMetric) {
    this.name = item.name;
    this.isMetric = isMetric;
    this.label = item.name.replace(/^(chip|workload)\./, "");
    if (isMetric) this.measure(item);
    else this.choose(item);
  }

  measure({ values, kind }) {
    this.kind = kind;
    const known = values.filter((value) => value !== null);
    this.low = least(known);
    this.high = most(known);
    const unit = UNITS[kind] ? unitOf(Math.max(Math.abs(this.low), Math.abs(this.high)), kind) : { name: "", size: 1 };
    this.unit = unit.name;
    if (unit.name) this.label = this.label.replace(/_(ps|pj|um2|uw)$/, "");
    this.raw = values;
    this.values = values.map((value) => (value === null ? null : value / unit.size));
    this.low /= unit.size;
    this.high /= unit.size;
    this.isNumber = known.length > 0;
  }

  choose({ texts, numbers, unit, codes, sets }) {
    Object.assign(this, { texts, codes, sets, unit });
    this.isNumber = Boolean(numbers && numbers.length);
    this.values = codes.map((code) => (code < 0 ? null : this.isNumber ? numbers[code] : code));
    this.raw = this.values;
    this.low = this.isNumber ? numbers[0] : 0;
    this.high = this.isNumber ? numbers[numbers.length - 1] : Math.max(0, texts.length - 1);
  }

  get title() {
    return this.unit ? `${this.label} (${this.unit})` : this.label;
  }

  varies() {
    return this.isMetric ? this.high > this.low : this.texts.length > 1;
  }

  // a cell of the table, in the unit of the column
  cell(i) {
    if (!this.isMetric) return this.codes[i] < 0 ? "" : this.isNumber ? digits(this.values[i], 9) : this.texts[this.codes[i]];
    return this.values[i] === null ? "–" : digits(this.values[i]);
  }

  // with its unit, for people
  text(i) {
    const cell = this.cell(i);
    return this.unit && cell && cell !== "–" ? `${cell}\u00a0${this.unit}` : cell;
  }
}

function least(values) {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values) {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

// ---- filters: "< 2.5", ">= 3", "1..4", "= 8", or a part of the text ----

const NUMBER = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?";
const BOUND = new RegExp(`^(<=|>=|<|>|=)\\s*(${NUMBER})$`, "i");
const BETWEEN = new RegExp(`^(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})$`, "i");

// a test of a configuration's number; null where nothing is asked, undefined where it is no filter
function filterOf(column, text) {
  const asked = text.trim();
  if (!asked) return null;
  const bound = BOUND.exec(asked);
  const between = BETWEEN.exec(asked);
  if (column.isNumber && (bound || between)) {
    const fits = bound ? comparison(bound[1], Number(bound[2])) : (v) => v >= Number(between[1]) && v <= Number(between[2]);
    return (i) => column.values[i] !== null && fits(column.values[i]);
  }
  if (column.isMetric || (bound && !column.isNumber)) return undefined;
  const word = asked.toLowerCase();
  return (i) => column.cell(i).toLowerCase().includes(word);
}

function comparison(sign, bound) {
  // as many digits as the table shows
  const same = (v) => v === bound || digits(v) === digits(bound);
  return {
    "<": (v) => v < bound && !same(v), "<=": (v) => v < bound || same(v),
    ">": (v) => v > bound && !same(v), ">=": (v) => v > bound || same(v), "=": same,
  }[sign];
}

// ---- the front ----

// of some configurations those that no other one beats: as good in every aim, better in one; by the first aim
function frontOf(places, aims) {
  if (!aims.length) return [];
  const losses = (i) => aims.map(({ column, sign }) => sign * column.raw[i]);
  const points = places.filter((i) => aims.every(({ column }) => column.raw[i] !== null)).map((i) => ({ i, at: losses(i) }));
  points.sort((a, b) => {
    for (let k = 0; k < a.at.length; k++) if (a.at[k] !== b.at[k]) return a.at[k] - b.at[k];
    return a.i - b.i;
  });
  const front = [];
  // what comes later in this order beats nothing that came before
  for (const point of points) if (!front.some((other) => beats(other.at, point.at))) front.push(point);
  return front.map((point) => point.i);
}

function beats(one, other) {
  let better = false;
  for (let k = 0; k < one.length; k++) {
    if (one[k] > other[k]) return false;
    if (one[k] < other[k]) better = true;
  }
  return better;
}

// of a front the nearest to the best of all aims at once, in the box of all places
function kneeOf(front, places, aims) {
  if (!front.length) return -1;
  const boxes = aims.map(({ column, sign }) => {
    const values = places.map((i) => column.raw[i]).filter((value) => value !== null).map((value) => sign * value);
    const low = least(values);
    return { low, span: most(values) - low || 1 };
  });
  const far = (i) => aims.reduce((sum, { column, sign }, k) => sum + ((sign * column.raw[i] - boxes[k].low) / boxes[k].span) ** 2, 0);
  return front.reduce((best, i) => (far(i) < far(best) ? i : best), front[0]);
}
