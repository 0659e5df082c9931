// A page within another one, of a comparison: its timeline goes where the others go, over the longest of their runs.

const OUTER = window.parent !== window ? window.parent : null;

function tellOuter(said) {
  // a page from disk has no origin to name; what is said are times
  if (OUTER) OUTER.postMessage({ archsim: said }, "*");
}

function wireTogether(current) {
  if (!OUTER) return;
  window.addEventListener("message", ({ source, data }) => {
    if (source !== OUTER || !data || !data.archsim || !current()) return;
    const line = current().line;
    const { ask, extent, view } = data.archsim;
    if (ask) tellOuter({ end: line.end });
    if (Number.isFinite(extent)) {
      line.extent = Math.max(line.end, extent);
      line.view(0, line.extent, true);
    }
    if (Array.isArray(view) && view.every(Number.isFinite)) line.view(view[0], view[1], true);
  });
  tellOuter({ end: current().line.end });
}
