// The search: every word must be found in the task's names or its resource, or fit as a field: layer=out, t=3.

// of a field: a number of each span, or names and which of them each span has
const NUMBER_FIELDS = { t: "timestep", timestep: "timestep", s: "sample", sample: "sample", task: "task", "#": "task", wait: "wait", count: "count" };
const NAME_FIELDS = ["action", "layer", "stage", "resource", "tile", "pe"];

function search(line, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  line.matches = null;
  line.kept = null;
  line.match = -1;
  line.wrong = "";
  if (words.length && line.told) {
    const tests = words.map((word) => testOf(line, word));
    if (tests.every(Boolean)) keepFitting(line, tests);
  }
  sayMatches(line);
  line.draw();
}

function keepFitting(line, tests) {
  const { columns } = line;
  const { lane_ptr: ptr } = line.run.timeline;
  line.kept = new Uint8Array(columns.kind.length);
  const found = [];
  for (let lane = 0; lane + 1 < ptr.length; lane++) {
    for (let i = ptr[lane]; i < ptr[lane + 1]; i++) {
      if (!tests.every((fits) => fits(i, lane))) continue;
      line.kept[i] = 1;
      found.push(i);
    }
  }
  line.matches = found.sort((a, b) => columns.start[a] - columns.start[b] || a - b);
}

function testOf(line, word) {
  const { columns, told, run } = line;
  if (word === "critical") return (i) => columns.onPath[i] === 1;
  const number = /^(t|s|#)(\d+)$/.exec(word);
  const field = number ? [null, number[1], "=", number[2]] : /^(#|[a-z]+)(>=|<=|=|>|<)(.+)$/.exec(word);
  if (field) return fieldTest(line, field);
  const kinds = run.timeline.kinds.map((_, k) => Object.values(kindText(run.timeline, k)).join(" ").toLowerCase().includes(word));
  const lanes = resourceNames(run).map((name) => name.includes(word));
  return told && ((i, lane) => kinds[columns.kind[i]] || lanes[lane]);
}

function resourceNames(run) {
  return run.timeline.lane_resource.map((r) => run.timeline.resources[r].name.toLowerCase());
}

function fieldTest(line, [, name, sign, value]) {
  if (NUMBER_FIELDS[name]) {
    const column = line.told[NUMBER_FIELDS[name]];
    const between = /^(\d+)\.\.(\d+)$/.exec(value);
    if (between && sign === "=") return (i) => column[i] >= Number(between[1]) && column[i] <= Number(between[2]);
    const wanted = Number(value);
    const fits = { "=": (x) => x === wanted, ">": (x) => x > wanted, "<": (x) => x < wanted, ">=": (x) => x >= wanted, "<=": (x) => x <= wanted }[sign];
    if (Number.isFinite(wanted)) return (i) => fits(column[i]);
  } else if (NAME_FIELDS.includes(name) && sign === "=") return nameTest(line, name, value);
  line.wrong = NUMBER_FIELDS[name] ? `${name} takes a number, or two as in ${name}=1..4`
    : `no field ${name}${sign === "=" ? "" : " for " + sign}; there are ${NAME_FIELDS.join(", ")}, t, s, task, wait, count`;
  return null;
}

// the whole name where one is so called, else a part of it; an action is called as without its variant, too
function nameTest({ run, columns }, name, value) {
  const { timeline } = run;
  if (name === "tile" || name === "pe") {
    const fits = timeline.lane_resource.map((r) => String(placed(timeline.resources[r].name)[name]) === value);
    return (i, lane) => fits[lane];
  }
  const names = name === "resource" ? resourceNames(run)
    : timeline.kinds.map((_, k) => kindText(timeline, k)[name === "action" ? "name" : name].toLowerCase());
  const isWhole = (text) => text === value || text.split("@")[0] === value;
  const some = names.some(isWhole);
  const fits = names.map((text) => (some ? isWhole(text) : text.includes(value)));
  return name === "resource" ? (i, lane) => fits[lane] : (i) => fits[columns.kind[i]];
}

function sayMatches(line) {
  const { matches, match } = line;
  const n = matches ? matches.length : 0;
  const text = line.wrong ? line.wrong : !matches ? "" : !n ? "nothing found" : match < 0 ? `${n} found` : `${match + 1} of ${n}`;
  byId("matches").textContent = text;
}

function nextMatch(line, by) {
  if (!line.matches || !line.matches.length) return;
  const n = line.matches.length;
  line.match = line.match < 0 ? (by > 0 ? 0 : n - 1) : (line.match + by + n) % n;
  sayMatches(line);
  line.show(line.matches[line.match]);
}
