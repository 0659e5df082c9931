// The rows of the timeline: chip, links, tiles, PEs and what is in them; groups fold. Or all of them in an order.

const HEIGHTS = { group: 22, lane: 18, level: 34 };
const UNIT_HEIGHT = 6; // of a resource of several units, stacked in one row
const TALLEST = 96;
const MOST_UNFOLDED = 60; // lanes; a page of more opens folded

// the order of the chip: numbers in names by their size
const ON_CHIP = new Intl.Collator("en", { numeric: true }).compare;

function placed(name) {
  const found = /^tile\[(\d+)\]\.(?:pe\[(\d+)\]\.)?([^]*)$/.exec(name);
  if (found) return { tile: Number(found[1]), pe: found[2] === undefined ? -1 : Number(found[2]), part: found[3] };
  // links of the chip stand together: there are four for each tile
  return { tile: -1, pe: /^link\[/.test(name) ? 0 : -1, part: name };
}

function groupsOf(timeline) {
  const groups = new Map();
  const group = (tile, pe) => {
    const key = tile + "/" + pe;
    if (!groups.has(key)) groups.set(key, { type: "group", tile, pe, folded: false, rows: [], inner: [] });
    return groups.get(key);
  };
  const lanes = new Map(); // of each resource
  timeline.lane_resource.forEach((resource, lane) => {
    if (!lanes.has(resource)) lanes.set(resource, []);
    lanes.get(resource).push(lane);
  });
  const add = (resource, row) => {
    const { name, capacity } = timeline.resources[resource];
    const at = placed(name);
    const label = at.part + (row.type === "lane" && capacity > 1 ? ` ×${capacity}` : "");
    group(at.tile, at.pe).rows.push({ ...row, resource, name, label });
  };
  for (const [resource, own] of lanes) add(resource, { type: "lane", lanes: own });
  timeline.levels.resource.forEach((resource, level) => add(resource, { type: "level", level }));
  // a tile with PEs has a row of its own even where nothing but them works, as the chip has with links
  for (const { tile } of [...groups.values()]) group(tile, -1);
  const all = [...groups.values()].sort((a, b) => a.tile - b.tile || a.pe - b.pe);
  let outer = null;
  for (const one of all) {
    one.depth = one.pe < 0 ? 0 : 1;
    one.label = one.tile < 0 ? (one.pe < 0 ? "chip" : "links") : one.pe < 0 ? "tile " + one.tile : "PE " + one.pe;
    if (one.pe < 0) outer = one;
    else outer.inner.push(one);
    one.rows.sort((a, b) => (a.type === "level") - (b.type === "level") || ON_CHIP(a.name, b.name));
    for (const row of one.rows) row.depth = one.depth + 1;
  }
  const found = all.filter((one) => one.pe < 0);
  const n = timeline.lane_resource.length + timeline.levels.resource.length;
  if (n > MOST_UNFOLDED) for (const one of all) one.folded = true;
  return found;
}

function lanesIn(row) {
  if (row.lanes) return row.lanes;
  if (row.type === "level") return [];
  return row.rows.flatMap(lanesIn).concat(...row.inner.map(lanesIn));
}

function heightOf(row) {
  if (row.type !== "lane" || row.lanes.length === 1) return HEIGHTS[row.type];
  return Math.max(HEIGHTS.lane, Math.min(TALLEST, UNIT_HEIGHT * row.lanes.length));
}

// the rows to show, from top to bottom, with their places: groups, or what `order` gives a number for, largest first
function rowsOf(groups, order = null) {
  const rows = [];
  let y = 0;
  const push = (row) => {
    row.y = y;
    row.height = heightOf(row);
    y += row.height;
    rows.push(row);
  };
  const walk = (group) => {
    push(group);
    if (group.folded) return;
    group.rows.forEach(push);
    group.inner.forEach(walk);
  };
  if (!order) groups.forEach(walk);
  else {
    const all = groups.flatMap((group) => [group, ...group.inner]).flatMap((group) => group.rows).filter((row) => row.type === "lane");
    const keyed = all.map((row) => [order(row), row]).sort((a, b) => b[0] - a[0]);
    for (const [, row] of keyed) push({ ...row, depth: 0, label: row.name + row.label.slice(placed(row.name).part.length) });
  }
  return { rows, height: y };
}

function rowAt(rows, y) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].y + rows[middle].height > y) high = middle;
    else low = middle + 1;
  }
  return rows[low] && y >= rows[low].y ? low : -1;
}

// top and height of a unit within its row
function slotOf(row, k) {
  const n = row.lanes.length;
  if (n === 1) return { top: 2, height: row.height - 4 };
  const each = (row.height - 3) / n;
  return { top: 1 + k * each, height: each };
}
