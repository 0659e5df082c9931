// The whole run above the timeline: how many lanes work when, and which part of it is in view. A drag moves that.

const MAP_HEIGHT = 34;
const MAP_STEPS = 600;

// share of all lanes that work in each of the steps
function workOver(run, columns) {
  const { start, length } = columns;
  const step = Math.max(1, run.timeline.makespan_ps) / MAP_STEPS;
  const change = new Float64Array(MAP_STEPS + 2);
  const within = new Float64Array(MAP_STEPS + 1);
  for (let i = 0; i < start.length; i++) {
    const [a, b] = [start[i] / step, (start[i] + length[i]) / step];
    const [first, last] = [Math.floor(a), Math.floor(b)];
    if (first === last) within[first] += b - a;
    else {
      within[first] += first + 1 - a;
      within[last] += b - last;
      change[first + 1] += 1;
      change[last] -= 1;
    }
  }
  const n = Math.max(1, run.timeline.lane_resource.length);
  let whole = 0;
  return Float64Array.from({ length: MAP_STEPS }, (_, x) => {
    whole += change[x];
    return Math.min(1, (whole + within[x]) / n);
  });
}

class Minimap {
  constructor(current) {
    this.current = current;
    this.canvas = byId("minimap");
    this.context = this.canvas.getContext("2d");
    const time = (event) => {
      const line = current();
      const share = (event.clientX - this.canvas.getBoundingClientRect().left - line.left) / (line.width - line.left);
      return Math.max(0, Math.min(1, share)) * line.extent;
    };
    const move = (event) => {
      const line = current();
      const half = (line.to - line.from) / 2;
      const middle = Math.max(half, Math.min(line.extent - half, time(event)));
      line.view(middle - half, middle + half);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.held = true;
      move(event);
    });
    this.canvas.addEventListener("pointermove", (event) => this.held && move(event));
    this.canvas.addEventListener("pointerup", () => (this.held = false));
  }

  draw() {
    const line = this.current();
    const { canvas, context } = this;
    if (!line.columns || !line.width) return;
    line.work = line.work || workOver(line.run, line.columns);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(line.width * ratio);
    canvas.height = Math.round(MAP_HEIGHT * ratio);
    canvas.style.width = line.width + "px";
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colourOf("--paper");
    context.fillRect(0, 0, line.width, MAP_HEIGHT);
    context.font = FONT;
    context.textBaseline = "middle";
    context.fillStyle = colourOf("--ink");
    context.fillText("lanes at work", 8, MAP_HEIGHT / 2);
    const room = line.width - line.left;
    const whole = room * (line.end / line.extent); // of this run
    const highest = Math.max(...line.work) || 1;
    context.fillStyle = colourOf("--level");
    line.work.forEach((share, k) => {
      const tall = (share / highest) * (MAP_HEIGHT - 4);
      context.fillRect(line.left + (k * whole) / MAP_STEPS, MAP_HEIGHT - tall, whole / MAP_STEPS + 0.5, tall);
    });
    const [a, b] = [line.from, line.to].map((at) => line.left + (at / line.extent) * room);
    context.fillStyle = colourOf("--veil");
    context.fillRect(line.left, 0, a - line.left, MAP_HEIGHT);
    context.fillRect(b, 0, line.width - b, MAP_HEIGHT);
    context.strokeStyle = colourOf("--accent");
    context.lineWidth = 2;
    context.strokeRect(a + 1, 1, Math.max(3, b - a - 2), MAP_HEIGHT - 2);
  }
}
