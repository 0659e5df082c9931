// The rows of the timeline: chip, tiles, PEs and what is in them; groups fold.

const HEIGHTS = { group: 22, lane: 18, level: 34 };

function placed(name) {
  const found = /^tile\[(\d+)\]\.(?:pe\[(\d+)\]\.)?([^]*)$/.exec(name);
  if (!found) return { tile: -1, pe: -1, part: name };
  return { tile: Number(found[1]), pe: found[2] === undefined ? -1 : Number(found[2]), part: found[3] };
}

function groupsOf(timeline) {
  const groups = new Map();
  const add = (resource, row) => {
    const at = placed(timeline.resources[resource].name);
    const key = at.tile + "/" + at.pe;
    if (!groups.has(key)) {
      groups.set(key, { type: "group", tile: at.tile, pe: at.pe, folded: false, rows: [], inner: [] });
    }
    groups.get(key).rows.push({ ...row, part: at.part, resource });
  };
  timeline.lane_resource.forEach((resource, lane) => {
    const unit = timeline.resources[resource].capacity > 1 ? " #" + timeline.lane_unit[lane] : "";
    add(resource, { type: "lane", lane, unit });
  });
  timeline.levels.resource.forEach((resource, level) => add(resource, { type: "level", level, unit: "" }));
  const all = [...groups.values()];
  // a tile with PEs has a row of its own even where nothing but them works
  for (const tile of new Set(all.map((group) => group.tile))) {
    if (!groups.has(tile + "/-1")) all.push({ type: "group", tile, pe: -1, folded: false, rows: [], inner: [] });
  }
  all.sort((a, b) => a.tile - b.tile || a.pe - b.pe);
  let outer = null;
  for (const group of all) {
    group.depth = group.pe < 0 ? 0 : 1;
    group.label = group.tile < 0 ? "chip" : group.pe < 0 ? "tile " + group.tile : "PE " + group.pe;
    if (group.pe < 0) outer = group;
    else outer.inner.push(group);
    group.rows.sort((a, b) => (a.type === "level") - (b.type === "level"));
    for (const row of group.rows) {
      row.depth = group.depth + 1;
      row.label = row.part + row.unit;
      row.name = timeline.resources[row.resource].name + row.unit;
    }
  }
  return all.filter((group) => group.pe < 0);
}

function lanesIn(group) {
  const own = group.rows.filter((row) => row.type === "lane").map((row) => row.lane);
  return own.concat(...group.inner.map(lanesIn));
}

// the rows to show, from top to bottom, with their places
function rowsOf(groups) {
  const rows = [];
  let y = 0;
  const push = (row) => {
    row.y = y;
    row.height = HEIGHTS[row.type];
    y += row.height;
    rows.push(row);
  };
  const walk = (group) => {
    push(group);
    if (group.folded) return;
    group.rows.forEach(push);
    group.inner.forEach(walk);
  };
  groups.forEach(walk);
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
