// What is said about a task: under the pointer, when it is chosen, in a table; and the search.

function kindText(timeline, kind) {
  const [action, layer, stage] = timeline.kinds[kind];
  const name = timeline.actions[action];
  return { name, layer: timeline.layers[layer] || "", stage: timeline.stages[stage] || "" };
}

function whereText(layer, timestep, sample, stage) {
  const parts = [];
  if (layer) parts.push("layer " + layer);
  if (timestep >= 0) parts.push("timestep " + timestep);
  if (sample >= 0) parts.push("sample " + sample);
  if (stage) parts.push(stage);
  return parts.join(", ");
}

// pairs of a title and its text
function factsOf(line, i) {
  const { columns, told, run } = line;
  const kind = kindText(run.timeline, columns.kind[i]);
  const lane = line.laneOf(i);
  const row = run.timeline.resources[run.timeline.lane_resource[lane]];
  const several = row.capacity > 1 ? `, unit ${run.timeline.lane_unit[lane]} of ${row.capacity}` : "";
  const facts = [["resource", row.name + several]];
  if (!told) return { title: kind.name, facts };
  const times = told.count[i] === 1 ? "" : " × " + told.count[i];
  facts.unshift(["for", whereText(kind.layer, told.timestep[i], told.sample[i], kind.stage) || "–"]);
  if (told.n_units[i] > 1) facts.push(["units held", String(told.n_units[i])]);
  facts.push(["held", `${exactTime(columns.start[i])} to ${exactTime(columns.start[i] + columns.length[i])}` +
    ` (${exactTime(columns.length[i])})`]);
  facts.push(["done after", exactTime(told.latency[i])]);
  facts.push(["waited", told.wait[i] ? `${exactTime(told.wait[i])} ${causeText(line, i)}` : "not at all, once its results were there"]);
  if (!told.wait[i] && told.cause[i]) facts.push(["let go by", holderText(line, i)]);
  if (columns.onPath[i]) facts.push(["critical", "on the critical path"]);
  return { title: `${kind.name}${times}  (task ${told.task[i]})`, facts };
}

function holderText(line, i) {
  const { told, run } = line;
  const task = (told.task[i] - told.holder[i]) >>> 0;
  const kind = kindText(run.timeline, told.holder_kind[i]);
  const span = line.spanOfTask(task);
  const where = span < 0 ? whereText(kind.layer, -1, -1, kind.stage)
    : whereText(kind.layer, told.timestep[span], told.sample[span], kind.stage);
  return `task ${task}, ${kind.name}${where ? ` (${where})` : ""}`;
}

function causeText(line, i) {
  const { told, run } = line;
  const cause = run.timeline.causes[told.cause[i]];
  const words = { resource: "for units of", space: "for space in", queue: "for its turn at" }[cause] || "for";
  const name = told.awaited[i] >= 0 ? run.timeline.resources[told.awaited[i]].name : "a result";
  return `${words} ${name}, behind ${holderText(line, i)}`;
}

function segmentFacts(line, i) {
  const { path, run } = line;
  const kind = kindText(run.timeline, path.kind[i]);
  const cause = run.timeline.causes[path.why[i]];
  const name = path.resource[i] >= 0 ? run.timeline.resources[path.resource[i]].name : "";
  const why = { begin: "it began at once", dependency: "the result of the one before",
    resource: `the one before gave back ${name}`, space: `the one before freed space in ${name}`,
    queue: `it was its turn at ${name}` }[cause];
  return {
    title: `${kind.name}  (task ${path.task[i]})`,
    facts: [["for", whereText(kind.layer, path.timestep[i], path.sample[i], kind.stage) || "–"],
      ["on the path", `${exactTime(path.start[i])} to ${exactTime(path.start[i] + path.length[i])} (${exactTime(path.length[i])}, ` +
        `${percent(path.length[i] / line.end)} of the run)`],
      ["started because of", why], ["place", `${i + 1} of ${path.start.length}`]],
  };
}

// how a resource, or a group of them, spent the run
function laneFacts(line, row) {
  const shares = line.sharesOfRow(row);
  const facts = shares ? STATES.map(([name], k) => [name, percent(shares[k])]) : [];
  if (row.type !== "group") {
    const share = line.run.timeline.resources[row.resource].utilisation;
    if (share !== null) facts.push(["utilisation of the resource", percent(share)]);
  } else facts.push(["lanes", String(lanesIn(row).length)]);
  return { title: row.name || row.label, facts };
}

function hideTip() {
  byId("tip").hidden = true;
}

function hover(line, x, y) {
  const found = line.at(x, y);
  const tip = byId("tip");
  byId("canvas").style.cursor = found && found.row && found.row.type === "group" ? "pointer" : "default";
  let said = null;
  if (found && found.segment !== undefined) said = segmentFacts(line, found.segment);
  else if (found && typeof found.span === "number") said = factsOf(line, found.span);
  else if (found && found.row && found.row.type === "level" && found.level !== undefined && found.level !== null) {
    const { name, capacity } = line.run.timeline.resources[found.row.resource];
    said = { title: name, facts: [["in use", `${found.level} of ${capacity}`], ["at", quantity(found.time, "time", 6)]] };
  } else if (found && found.row && (x < line.left || found.row.type === "group")) {
    said = laneFacts(line, found.row);
  }
  if (!said) return hideTip();
  fill(tip, ...factsList(said));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const right = x + 16 + box.width > line.width;
  tip.style.left = Math.max(4, right ? x - box.width - 12 : x + 16) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, line.tall - box.height - 4)) + "px";
  return undefined;
}

Timeline.prototype.tell = function tell(chosen) {
  const node = byId("chosen");
  if (chosen === null || chosen === undefined) return fill(node);
  const path = typeof chosen === "object";
  fill(node, ...factsList(path ? segmentFacts(this, chosen.path) : factsOf(this, chosen)));
  const buttons = el("div", { class: "bar" });
  const add = (text, act) => buttons.append(el("button", { type: "button", onclick: act }, text));
  if (path) {
    const span = this.spanOfTask(this.path.task[chosen.path]);
    if (span >= 0) add("show on its lane", () => this.show(span));
  } else if (this.causeOf() !== null && this.spanOfTask(this.causeOf()) >= 0) {
    add("show what let it go (c)", () => this.cause());
  }
  const task = this.taskOf(chosen);
  if (task !== null && this.edges) node.append(this.neighbours(task));
  add("earlier on the critical path ([)", () => this.stepPath(-1));
  add("later on the critical path (])", () => this.stepPath(1));
  node.append(buttons);
  return undefined;
};

// ---- the table that stands for the picture ----

const MOST_ROWS = 200;

function taskTable(line) {
  const place = byId("task-table");
  if (!byId("as-table").open || !line.told) return;
  const { columns, told, run } = line;
  const found = [];
  let n = 0;
  const ptr = run.timeline.lane_ptr;
  for (let lane = 0; lane + 1 < ptr.length; lane++) {
    for (let i = Math.max(ptr[lane], firstAbove(columns.start, line.from, ptr[lane], ptr[lane + 1]) - 1);
      i < ptr[lane + 1] && columns.start[i] < line.to; i++) {
      if (columns.start[i] + columns.length[i] < line.from || (line.kept && !line.kept[i])) continue;
      if (n++ < MOST_ROWS) found.push(i);
    }
  }
  const rows = found.map((i) => {
    const kind = kindText(run.timeline, columns.kind[i]);
    return [run.timeline.resources[run.timeline.lane_resource[line.laneOf(i)]].name, kind.name, kind.layer, kind.stage,
      told.timestep[i] < 0 ? "" : told.timestep[i], exactTime(columns.start[i]), exactTime(columns.length[i]),
      told.wait[i] ? `${exactTime(told.wait[i])} ${causeText(line, i)}` : "", columns.onPath[i] ? "yes" : ""];
  });
  const titles = ["resource", "action", "layer", "stage", "timestep", "start", "held for", "waited", "critical"];
  const more = n > rows.length ? `the first ${rows.length} of ${n} tasks in view; zoom in or search for fewer` : `${n} tasks in view`;
  fill(place, el("p", { class: "hint" }, more), table("Tasks in view", titles, rows, [4, 5, 6]));
}
