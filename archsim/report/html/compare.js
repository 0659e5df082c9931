// The timelines of a comparison zoom together, over the longest of the runs.

const FRAMES = [...document.querySelectorAll("iframe")];
const TOGETHER = document.getElementById("together");
const ends = new Map();

function tellAll(said, but = null) {
  for (const frame of FRAMES) if (frame !== but && frame.contentWindow) frame.contentWindow.postMessage({ archsim: said }, "*");
}

function extent() {
  tellAll({ extent: TOGETHER.checked ? Math.max(...ends.values()) : 0 });
}

// each learning rule has one colour in all pages and pictures
for (const title of document.querySelectorAll("h2[data-colour]")) {
  const mark = document.createElement("i");
  mark.className = "mark";
  mark.style.background = title.dataset.colour;
  title.prepend(mark, " ");
}

if (TOGETHER) {
  window.addEventListener("message", ({ source, data }) => {
    const frame = FRAMES.find((one) => one.contentWindow === source);
    const said = data && data.archsim;
    if (!frame || !said) return;
    if (said.end) {
      ends.set(frame, said.end);
      extent();
    } else if (said.view && TOGETHER.checked) tellAll({ view: said.view }, frame);
  });
  TOGETHER.addEventListener("change", extent);
  tellAll({ ask: true });
}
