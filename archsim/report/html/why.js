// Critical path and waits, what-if analysis, advice on the design.

const WAYS_OF_PATH = { component: "by component", layer: "by layer", stage: "by stage", resource: "by resource", cause: "by why the next could start" };
const MOST_SHARES = 8;
const MOST_LINES = 15;

function drawWhy(run) {
  const told = run.why;
  const command = (name) => el("p", { class: "hint" }, `Of a run of ${run.record.totals.n_tasks} tasks, archsim ${name} tells it (the page up to ` +
    `${name === "why" ? run.most.explained : run.most.played}).`);
  fill(byId("why"), ...(told ? whyParts(told) : [command("why")]));
  fill(byId("whatif"), ...(run.changes ? changeTable(run) : [command("whatif")]));
  drawAdvice(run.record);
}

function whyParts(told) {
  const pair = Object.entries(WAYS_OF_PATH).map(([by, title]) => {
    const shares = Object.entries(told.critical_path[by]);
    const rest = shares.slice(MOST_SHARES).reduce((sum, [, ps]) => sum + ps, 0);
    const lines = rest ? [...shares.slice(0, MOST_SHARES), [`${shares.length - MOST_SHARES} more`, rest]] : shares;
    const rows = lines.map(([name, ps]) => [name || "(none)", bar(ps / (told.latency_ps || 1)), quantity(ps, "time"), percent(ps / (told.latency_ps || 1))]);
    return el("div", {}, table(`The critical path ${title}`, [title, el("span", { class: "unseen" }, "bar"), "time", "of the run"], rows, [2, 3]));
  });
  const waits = told.blocking.kind.slice(0, MOST_SHARES).map((one) => [one.waiting_for, one.while_ran, quantity(one.wait_ps, "time"), percent(one.wait_ps / (told.waiting_ps || 1))]);
  const { slack } = told;
  return [el("h3", {}, `The critical path, ${quantity(told.latency_ps, "time")}`), el("div", { class: "pair" }, ...pair),
    el("h3", {}, `All tasks together waited ${quantity(told.waiting_ps, "time")}`),
    wide("Waits", ["waiting for", "while tasks ran on", "time", "of all waits"], waits, [2, 3]),
    el("p", { class: "hint" }, `${slack.n_tasks_without} of ${slack.n_tasks} tasks have no slack; half of them have ${quantity(slack.median_ps, "time")} or more.`)];
}

function changeTable(run) {
  const base = run.record.totals.latency_ps;
  const rows = run.changes.slice(0, MOST_LINES).map((one) => {
    const unseen = Object.entries(one.not_seen).map(([kind, why]) => `${kind}: ${why}`).join("; ");
    const latency = one.latency_ps === null ? "deadlock" : quantity(one.latency_ps, "time");
    return [one.change, latency, one.latency_ps === null ? "–" : change((one.latency_ps - base) / (base || 1)), change((one.same_order_ps - base) / (base || 1)), unseen];
  });
  return [el("p", { class: "hint" }, "The same run played again with one thing changed; costs stay as they are. Best first."),
    wide("What if", ["change", "latency", "gain", "in the same order", "not seen"], rows, [1, 2, 3])];
}

function change(share) {
  if (share === null || share === undefined) return "–";
  const text = digits(100 * Math.abs(share), 3);
  return share === 0 ? "0\u00a0%" : `${share > 0 ? "+" : "−"}${text}\u00a0%`;
}

function drawAdvice(record) {
  const rows = (list) => list.map((one) => [one.title, ...["latency", "energy", "area", "peak_power"].map((name) => change(one[`delta_${name}_frac`])),
    accuracyOf(one), one.over_budget.join(", "), el("code", {}, one.set.map((set) => `--set ${/[ {}"*]/.test(set) ? `'${set}'` : set}`).join(" "))]);
  const titles = ["move", "latency", "energy", "area", "peak power", "accuracy", "over budget", "what to set"];
  const part = (caption, list) => wide(caption, titles, rows(list.slice(0, MOST_LINES)), [1, 2, 3, 4]);
  if (!record.advice) return fill(byId("advice"), el("p", { class: "hint" }, "archsim advise CHIP WORKLOAD -o FOLDER tries design moves, each simulated anew; its page shows them here."));
  const within = record.advice_budgets.length ? ` within ${record.advice_budgets.join(", ")}` : "";
  const parts = [el("p", { class: "hint" }, `Each was simulated anew; the best for ${record.advice_goal}${within} first.`), part("Advice", record.advice)];
  if (record.advice_pairs.length) parts.push(el("h3", {}, "The best two at once"), part("Pairs of moves", record.advice_pairs));
  return fill(byId("advice"), ...parts, el("ul", { class: "notes hint" }, ...adviceNotes(record).map((text) => el("li", {}, text))));
}

// whether a change touches the network's results, and by how much, where that was looked for
function accuracyOf({ accuracy }) {
  if (!accuracy) return accuracy === null ? "same" : "–"; // older results do not say
  if (accuracy.change === null) return "changes";
  return `${accuracy.change < 0 ? "−" : "+"}${digits(100 * Math.abs(accuracy.change), 3)} points`;
}

// what the figures do not tell, and moves that are not among them
function adviceNotes(record) {
  const told = new Map();
  for (const { title, notes, accuracy } of [...record.advice.slice(0, MOST_LINES), ...record.advice_pairs.slice(0, MOST_LINES)]) {
    for (const note of [...notes, ...(accuracy ? [accuracy.why] : [])]) told.set(note, (told.get(note) || new Set()).add(title));
  }
  const sets = (list) => list.map((one) => one.set.join(" "));
  const from = record.advice_accuracy;
  const touched = [...record.advice, ...record.advice_pairs].some((one) => one.accuracy);
  return [...(from ? [`accuracy of the design as it is: ${percent(from.value)}, ${from.when} adapting on the chip by ${from.rule}; one seed`] : []),
    ...(touched && !from ? ["accuracy was not looked for; --accuracy does, for a workload that says how it learns, as watch_adapt"] : []),
    ...[...told].map(([note, titles]) => `${[...titles].join(", ")}: ${note}`),
    ...(record.advice_idle.length ? [`change nothing here: ${sets(record.advice_idle).join(", ")}`] : []),
    ...record.advice_refused.map((one) => `refused: ${one.set.join(" ")}: ${one.why}`),
    ...Object.entries(record.advice_untried).map(([kind, why]) => `not tried: ${kind}: ${why}`)];
}
