// Power over the same time as the timeline, with the mean, the peak and the budget.

const PLOT = { top: 10, bottom: 40, height: 200 };

// mean and highest power of each pixel between two times
function powerIn(power, from, to, n) {
  const { edges_ps: edges, mean_uw: mean, highest_uw: highest } = power;
  const out = [];
  let i = Math.max(0, firstAbove(edges, from, 0, edges.length) - 1);
  for (let x = 0; x < n; x++) {
    const a = from + ((to - from) * x) / n;
    const b = from + ((to - from) * (x + 1)) / n;
    while (i + 1 < mean.length && edges[i + 1] <= a) i++;
    let energy = 0;
    let most = 0;
    for (let j = i; j < mean.length && edges[j] < b; j++) {
      energy += mean[j] * Math.max(0, Math.min(b, edges[j + 1]) - Math.max(a, edges[j]));
      most = Math.max(most, highest[j]);
    }
    out.push([energy / (b - a), most]);
  }
  return out;
}

function drawPower(run, line) {
  const node = byId("power");
  const width = node.clientWidth;
  if (!width || !line.left) return;
  const { power } = run;
  const left = Math.max(line.left, 70);
  const right = Math.max(2, width - line.width);
  const room = Math.max(10, width - left - right);
  const tall = PLOT.height - PLOT.top - PLOT.bottom;
  const n = Math.min(800, Math.floor(room));
  const points = powerIn(power, line.from, line.to, n);
  const top = Math.max(power.peak_uw, power.budget_uw || 0) * 1.08 || 1;
  const unit = unitOf(top, "power");
  const x = (i) => left + (room * i) / n;
  const y = (value) => PLOT.top + tall * (1 - value / top);
  const outline = (k) => points.map((point, i) => `L${x(i).toFixed(1)} ${y(point[k]).toFixed(1)}L${x(i + 1).toFixed(1)} ${y(point[k]).toFixed(1)}`).join("");
  const floor = y(0).toFixed(1);
  const drawn = el("svg", { width, height: PLOT.height, viewBox: `0 0 ${width} ${PLOT.height}` });
  drawn.append(el("path", { d: `M${left} ${floor}${outline(1)}L${left + room} ${floor}Z`, class: "highest" }));
  drawn.append(el("path", { d: `M${left} ${floor}${outline(0)}`, class: "mean" }));
  const put = (value, name) => drawn.append(el("line", { x1: left, x2: left + room, y1: y(value), y2: y(value), class: name }));
  put(power.average_uw, "average");
  put(power.peak_uw, "peak");
  if (power.budget_uw !== null) put(power.budget_uw, "budget");
  powerAxes(drawn, line, { left, room, tall, top, unit, y, width });
  fill(node, drawn, powerLegend(power));
}

function powerAxes(drawn, line, { left, room, tall, top, unit, y }) {
  drawn.append(el("line", { x1: left, x2: left, y1: PLOT.top, y2: PLOT.top + tall, class: "axis" }));
  drawn.append(el("line", { x1: left, x2: left + room, y1: PLOT.top + tall, y2: PLOT.top + tall, class: "axis" }));
  const levels = ticks(0, top, 4);
  for (const value of levels.values) {
    drawn.append(el("line", { x1: left - 4, x2: left, y1: y(value), y2: y(value), class: "axis" }));
    drawn.append(el("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, tickText(value, levels.step, unit.size)));
  }
  const middle = PLOT.top + tall / 2;
  drawn.append(el("text", { x: left - 52, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${left - 52} ${middle})` }, `power (${unit.name})`));
  const time = unitOf(line.to, "time");
  const { values, step } = ticks(line.from, line.to, room / 110);
  for (const value of values) {
    const at = left + (room * (value - line.from)) / (line.to - line.from);
    drawn.append(el("line", { x1: at, x2: at, y1: PLOT.top + tall, y2: PLOT.top + tall + 4, class: "axis" }));
    const anchor = at > left + room - 24 ? "end" : "middle";
    drawn.append(el("text", { x: at, y: PLOT.top + tall + 17, "text-anchor": anchor }, tickText(value, step, time.size)));
  }
  drawn.append(el("text", { x: left + room / 2, y: PLOT.height - 6, "text-anchor": "middle" }, `time (${time.name})`));
}

function powerLegend(power) {
  const item = (name, text) => el("span", { class: "key" }, el("i", { class: "line " + name }), text);
  const highest = power.exact ? "power" : `highest in 1/${power.n_windows} of the run`;
  const items = [item("highest", highest), item("mean", "mean of it"), item("average", `mean of the run, ${quantity(power.average_uw, "power")}`),
    item("peak", `peak, ${quantity(power.peak_uw, "power")}`)];
  items.push(power.budget_uw === null ? el("span", { class: "hint" }, "The chip sets no power budget.")
    : item("budget", `budget, ${quantity(power.budget_uw, "power")}`));
  return el("figcaption", { class: "legend" }, ...items);
}
