// What ran through the layers: a table, what looks wrong, and spikes over time.

const RASTER = { left: 8, row: 74, gap: 30 };

function drawActivity(run) {
  const rows = run.record.activity || [];
  const names = Object.keys(run.raster);
  byId("activity-section").hidden = !rows.length && !names.length;
  if (!rows.length && !names.length) return;
  fill(byId("warnings"), ...(run.record.warnings || []).map(({ text }) => el("li", {}, text)));
  byId("warnings").hidden = !(run.record.warnings || []).length;
  fill(byId("activity"), activityTable(rows));
  byId("activity-said").textContent = run.record.activity_source ? `Spikes: ${run.record.activity_source}.` : "";
  const drawn = el("div", { class: "rasters" }, ...names.map((name) => rasterOf(name, run.raster[name])));
  fill(byId("raster"), drawn);
}

function activityTable(rows) {
  const share = (value) => (value === null ? "–" : percent(value));
  const cells = rows.map((row) => [row.layer, row.firing_rate === null ? "–" : el("span", { class: "shared" }, bar(row.firing_rate), percent(row.firing_rate)),
    share(row.sparsity), row.active_rows_per_read === null ? "–" : digits(row.active_rows_per_read, 3), row.reads, row.reads_skipped,
    row.nonzero_errors_frac === null ? "–" : row.errors_recorded ? percent(row.nonzero_errors_frac) : "all (not recorded)", row.cells_written || "–"]);
  const titles = ["layer", "firing rate", "sparsity", "active rows per read", "reads", "skipped", "errors not zero", "cells written"];
  return table("Activity of the layers", titles, cells, [1, 2, 3, 4, 5, 6, 7]);
}

// dots where neurons are few, else how many spiked; every layer over the same width
function rasterOf(name, { n, spikes_per_timestep: counts, timestep, neuron }) {
  const steps = counts.length;
  const width = 560;
  const [x, tall] = [(t) => (width * (t + 0.5)) / steps, RASTER.row];
  const drawn = el("svg", { viewBox: `0 0 ${width} ${tall}`, width, height: tall, preserveAspectRatio: "none", "aria-hidden": "true" });
  if (timestep) {
    const [wide, high] = [Math.max(1.5, Math.min(8, (0.7 * width) / steps)), Math.max(1, Math.min(5, (0.8 * tall) / n))];
    const d = timestep.map((t, i) => `M${(x(t) - wide / 2).toFixed(1)} ${((tall * (neuron[i] + 0.5)) / n).toFixed(1)}h${wide.toFixed(1)}`).join("");
    drawn.append(el("path", { d, class: "spikes", "stroke-width": high }));
  } else {
    const most = Math.max(1, ...counts);
    const wide = Math.max(0.5, (0.85 * width) / steps);
    const d = counts.map((count, t) => `M${(x(t) - wide / 2).toFixed(1)} ${tall}v${((-tall * count) / most).toFixed(1)}h${wide.toFixed(1)}V${tall}`).join("");
    drawn.append(el("path", { d, class: "counts" }));
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const what = timestep ? `${n} neurons from top to bottom` : `how many of ${n}, up to ${Math.max(0, ...counts)}`;
  return el("figure", { class: "one-raster" }, el("figcaption", {}, el("strong", {}, shortened(name, 40)), ` ${total} spikes in ${steps} timesteps; ${what}`), drawn);
}
