// The scatter and the parallel coordinates of a study, drawn by ECharts.

const SYMBOLS = ["circle", "triangle", "diamond", "rect", "pin", "arrow", "roundRect"];
const LINES_AT_ONCE = 600;
const COLOURS_AT_ONCE = 40;
const POINTS_WITH_EDGES = 1000;

function chartOf(node) {
  const chart = echarts.init(node, null, { renderer: "canvas" });
  new ResizeObserver(() => {
    if (node.clientWidth && chart.getWidth() !== node.clientWidth) chart.resize();
  }).observe(node);
  return chart;
}

// three stops from low to high, each lighter or darker than the one before
function gradient(share) {
  const stops = ["--low", "--middle", "--high-end"].map((name) => rgb(colourOf(name)));
  const at = Math.max(0, Math.min(1, share)) * 2;
  const k = Math.min(1, Math.floor(at));
  return "rgb(" + stops[k].map((part, i) => Math.round(part + (stops[k + 1][i] - part) * (at - k))).join(",") + ")";
}

// how configurations are coloured: {of: number -> colour, legend}
function colouring(study) {
  const column = study.colourBy;
  if (column === null) {
    const { rules } = study.data;
    return {
      of: (i) => rules[study.data.rule[i]].colour,
      byRule: true,
      items: Object.values(rules).map(({ title, colour }) => [title || "–", colour]),
    };
  }
  const none = colourOf("--span-none");
  if (!column.isNumber && column.texts.length <= study.data.palette.length) {
    const colour = (code) => (code < 0 ? none : study.data.palette[code]);
    return { of: (i) => colour(column.codes[i]), items: column.texts.map((text, code) => [text, colour(code)]) };
  }
  const span = column.high - column.low || 1;
  // a table of shades: few enough to draw all configurations of one at once
  const shades = Array.from({ length: COLOURS_AT_ONCE + 1 }, (_, k) => gradient(k / COLOURS_AT_ONCE));
  return {
    of: (i) => (column.values[i] === null ? none : shades[Math.round((COLOURS_AT_ONCE * (column.values[i] - column.low)) / span)]),
    strip: column,
  };
}

function sizing(study) {
  const column = study.sizeBy;
  if (!column) return () => 9;
  const span = column.high - column.low || 1;
  return (i) => (column.values[i] === null ? 4 : 5 + 19 * Math.sqrt(Math.max(0, (column.values[i] - column.low) / span)));
}

function axisOf(column, log) {
  const ink = colourOf("--ink");
  const axis = {
    name: column.title, nameLocation: "middle", nameTextStyle: { color: ink, fontSize: 13 },
    axisLine: { show: true, lineStyle: { color: colourOf("--edge") } }, axisLabel: { color: ink, hideOverlap: true },
    splitLine: { lineStyle: { color: colourOf("--line") } }, axisTick: { show: true },
  };
  if (!column.isNumber) {
    const texts = column.texts.map((text) => shortened(text, 18));
    return { ...axis, type: "category", data: texts, boundaryGap: true };
  }
  if (log && column.low > 0) return { ...axis, type: "log", min: column.low, max: column.high, axisLabel: { ...axis.axisLabel, formatter: (value) => digits(value, 3) } };
  return { ...axis, type: "value", scale: true, axisLabel: { ...axis.axisLabel, formatter: (value) => digits(value, 6) } };
}

class Scatter {
  constructor(study) {
    this.study = study;
    this.chart = chartOf(byId("scatter"));
    const place = (event) => [event.event.offsetX, event.event.offsetY];
    this.chart.on("mouseover", (event) => event.data && hoverAt(study, byId("scatter"), event.data[2], place(event)));
    this.chart.on("mouseout", () => (byId("tip").hidden = true));
    this.chart.on("click", (event) => event.data && study.pick(event.data[2]));
  }

  draw() {
    const { study } = this;
    const { x, y } = study;
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: "system-ui, sans-serif" },
      grid: { left: 78, right: 24, top: 14, bottom: 52, containLabel: false },
      xAxis: { ...axisOf(x, study.logX), nameGap: 32 },
      yAxis: { ...axisOf(y, study.logY), nameGap: 60 },
      dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none" }, { type: "inside", yAxisIndex: 0, filterMode: "none" }],
      series: [...this.points(), ...this.rings()],
    }, { notMerge: true });
  }

  // a series for each colour of a rule; what a filter leaves out is pale. Many are drawn as one path, which is quicker
  // than a style for each point, and without edges, which would hide the colour where points lie close
  points() {
    const { study } = this;
    const size = sizing(study);
    const large = !study.sizeBy && study.n > POINTS_WITH_EDGES;
    const edge = { borderColor: colourOf("--point-edge"), borderWidth: large ? 0 : 0.5 };
    return this.groups().map(({ rule, colour, places }) => ({
      type: "scatter", name: rule, symbol: SYMBOLS[Object.keys(study.data.rules).indexOf(rule) % SYMBOLS.length],
      progressive: 0, z: 2, emphasis: { disabled: true }, large, largeThreshold: 0,
      symbolSize: study.sizeBy ? (data) => size(data[2]) : size(0),
      itemStyle: { color: colour, opacity: 0.85, ...edge },
      data: places.map((i) => this.spot(i)),
    }));
  }

  groups() {
    const { study } = this;
    const pale = colourOf("--span-dim");
    const found = new Map();
    for (const i of this.ordered) {
      const rule = study.data.rule[i];
      const colour = study.kept[i] ? study.colours.of(i) : pale;
      const name = `${rule} ${colour}`;
      if (!found.has(name)) found.set(name, { rule, colour, places: [] });
      found.get(name).places.push(i);
    }
    return [...found.values()];
  }

  // those that are left out first, so that they lie below the others
  get ordered() {
    const { n, kept, x, y } = this.study;
    const drawn = Array.from({ length: n }, (_, i) => i).filter((i) => x.values[i] !== null && y.values[i] !== null);
    return [...drawn.filter((i) => !kept[i]), ...drawn.filter((i) => kept[i])];
  }

  spot(i) {
    return [this.study.x.values[i], this.study.y.values[i], i];
  }

  rings() {
    const { study } = this;
    const size = sizing(study);
    const ring = (name, places, colour, more, width) => ({
      type: "scatter", name, symbol: "circle", silent: true, z: 3, symbolSize: (data) => size(data[2]) + more,
      itemStyle: { color: "transparent", borderColor: colour, borderWidth: width },
      data: places.filter((i) => study.x.values[i] !== null && study.y.values[i] !== null).map((i) => this.spot(i)),
    });
    return [
      ring("front", study.front, colourOf("--ink"), 5, 1.6),
      ring("knee", study.knee < 0 ? [] : [study.knee], colourOf("--path"), 12, 3),
      ring("chosen", study.chosen === null ? [] : [study.chosen], colourOf("--accent"), 18, 3),
    ];
  }
}

class Parallel {
  constructor(study) {
    this.study = study;
    this.chart = chartOf(byId("parallel"));
    this.chart.on("axisareaselected", (event) => {
      for (const one of event.batch || [event]) study.brushes.set(this.columns[this.place(one)].name, one.intervals || []);
      study.brushed();
    });
    this.chart.on("click", (event) => event.dataIndex !== undefined && study.pick(this.shown[event.dataIndex]));
    this.chart.on("mouseover", (event) => event.dataIndex !== undefined
      && hoverAt(study, byId("parallel"), this.shown[event.dataIndex], [event.event.offsetX, event.event.offsetY]));
    this.chart.on("mouseout", () => (byId("tip").hidden = true));
  }

  place(event) {
    return Number(String(event.parallelAxisId).slice(1));
  }

  draw() {
    const { study } = this;
    this.columns = study.columns.filter((column) => study.axes.has(column.name));
    const ink = colourOf("--ink");
    // an axis takes 110 pixels at least; beyond that the picture scrolls
    byId("parallel").style.width = `max(100%, ${110 * this.columns.length + 90}px)`;
    this.chart.resize();
    this.shown = Array.from({ length: study.n }, (_, i) => i).filter((i) => study.filtered[i]);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: "system-ui, sans-serif" },
      parallel: { left: 70, right: 120, top: 74, bottom: 22, parallelAxisDefault: this.style(ink) },
      parallelAxis: this.columns.map((column, dim) => this.axis(column, dim)),
      series: [{
        type: "parallel", smooth: false, progressive: LINES_AT_ONCE, progressiveThreshold: 2 * LINES_AT_ONCE,
        inactiveOpacity: 0.03, activeOpacity: 0.7, lineStyle: { width: 1, opacity: study.n > 500 ? 0.35 : 0.7 },
        data: this.shown.map((i) => ({ value: this.columns.map((column) => this.height(column, i)), lineStyle: this.line(i) })),
      }],
    }, { notMerge: true });
  }

  style(ink) {
    return {
      nameLocation: "end", nameGap: 12, nameRotate: 18,
      nameTextStyle: { color: ink, fontSize: 12, align: "left", padding: [0, 0, 0, -8] },
      nameTruncate: { maxWidth: 150 }, axisLabel: { color: ink, fontSize: 11, hideOverlap: true, textBorderColor: colourOf("--paper"), textBorderWidth: 3 },
      axisLine: { lineStyle: { color: ink } }, axisTick: { lineStyle: { color: ink } },
      areaSelectStyle: { width: 18, color: colourOf("--accent"), borderColor: colourOf("--accent"), opacity: 0.35 },
    };
  }

  axis(column, dim) {
    const same = { dim, id: "a" + dim, name: shortened(column.title, 26), realtime: false };
    if (!column.isNumber) return { ...same, type: "category", data: column.texts.map((text) => shortened(text, 14)) };
    const span = column.high - column.low;
    const ends = span ? { min: column.low, max: column.high } : { min: column.low - 1, max: column.high + 1 };
    return { ...same, type: "value", ...ends, axisLabel: { formatter: (value) => digits(value, 3) } };
  }

  height(column, i) {
    if (column.values[i] === null) return "-";
    return column.isNumber ? column.values[i] : shortened(column.texts[column.codes[i]], 14);
  }

  line(i) {
    const { study } = this;
    const best = study.frontSet.has(i);
    const colour = study.colours.of(i);
    return best ? { color: colour, width: 2.2, opacity: 0.95 } : { color: colour };
  }

  clear() {
    this.columns.forEach((_, dim) => this.chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId: "a" + dim, intervals: [] }));
  }
}

// the whole configuration, beside the pointer
function hoverAt(study, node, i, [x, y]) {
  const tip = byId("tip");
  fill(tip, ...factsList(study.facts(i)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const at = node.getBoundingClientRect();
  const [left, top] = [at.left + x, at.top + y];
  const beyond = left + 18 + box.width > document.documentElement.clientWidth;
  tip.style.left = Math.max(4, beyond ? left - box.width - 14 : left + 18) + "px";
  tip.style.top = Math.max(4, Math.min(top + 12, window.innerHeight - box.height - 6)) + "px";
}
