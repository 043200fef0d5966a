// The wires of the diagram: drawn between the boxes wherever the page has put them, and lit by the step under way.

export const SVG = "http://www.w3.org/2000/svg";
const PLACES = 4; // of what travels: the beginning of a wire, its end, and between them
const DASH = "7 4";
const BACK = 11; // pixels beside a wire, for the gradient that comes back along it

// From, to, and the steps in which something flows there; the gradient flows back to what learns.
const WIRES = [
  ["reals", "real_sample", [1]],
  ["noise", "generator", [1, 2]],
  ["generator", "fake_sample", [1, 2]],
  ["real_sample", "discriminator", [1]],
  ["fake_sample", "discriminator", [1, 2]],
  ["discriminator", "loss_D", [1]],
  ["discriminator", "loss_G", [2]],
];
const GRADIENTS = [
  ["loss_D", "discriminator", [1]],
  ["loss_G", "discriminator", [2]],
  ["discriminator", "fake_sample", [2]],
  ["fake_sample", "generator", [2]],
];

const svg = document.getElementById("wires");
let moved = 0;
let sent = []; // what travels
let timer = 0; // of its next leap

export function drawWires() {
  let drawn = "";
  const draw = () => {
    const wires = [...WIRES.map((one) => measure(...one, 0, "")), ...GRADIENTS.map((one) => measure(...one, BACK, "gradient"))];
    if (JSON.stringify(wires) === drawn) return; // boxes change, and their wires do not
    drawn = JSON.stringify(wires);
    svg.replaceChildren(...wires.flatMap(wire));
    light(Number(svg.dataset.step ?? 0));
  };
  const resized = new ResizeObserver(draw);
  matchMedia("print").addEventListener("change", draw); // paper is laid out anew, and nobody observes that
  for (const element of [svg.parentElement, ...document.querySelectorAll(".part")]) resized.observe(element);
}

/** Return the box of a part, in the coordinates of the diagram. */
function box(name) {
  const outer = svg.getBoundingClientRect();
  const inner = document.querySelector(`[data-part="${name}"]`).getBoundingClientRect();
  return {
    left: inner.left - outer.left, right: inner.right - outer.left,
    top: inner.top - outer.top, bottom: inner.bottom - outer.top,
  };
}

/** Return the ends of a wire: across the wider of the two gaps, at the height that both boxes share. */
function ends(a, b, beside) {
  const across = Math.max(b.left - a.right, a.left - b.right);
  const down = Math.max(b.top - a.bottom, a.top - b.bottom);
  const middle = (from, to, low, high) => {
    const start = Math.max(from[low], to[low]), end = Math.min(from[high], to[high]);
    return start < end ? [(start + end) / 2, (start + end) / 2] : [(from[low] + from[high]) / 2, (to[low] + to[high]) / 2];
  };
  if (across >= down) {
    const [y1, y2] = middle(a, b, "top", "bottom");
    const forwards = b.left >= a.right;
    return { x1: forwards ? a.right : a.left, y1: y1 + beside, x2: forwards ? b.left : b.right, y2: y2 + beside, flat: true };
  }
  const [x1, x2] = middle(a, b, "left", "right");
  const downwards = b.top >= a.bottom;
  return { x1: x1 + beside, y1: downwards ? a.bottom : a.top, x2: x2 + beside, y2: downwards ? b.top : b.bottom, flat: false };
}

/** Return what is drawn of a wire: its line, and where its head points. */
function measure(from, to, steps, beside, kind) {
  const { x1, y1, x2, y2, flat } = ends(box(from), box(to), beside);
  const angle = flat ? (x2 > x1 ? 0 : 180) : (y2 > y1 ? 90 : 270);
  const bend = flat ? `C ${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2}` : `C ${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2}`;
  return { from, steps, kind, d: `M ${x1} ${y1} ${bend} ${x2} ${y2}`, transform: `translate(${x2} ${y2}) rotate(${angle})` };
}

function wire({ from, steps, kind, d, transform }) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", d);
  const head = document.createElementNS(SVG, "path");
  head.setAttribute("d", "M 0 0 L -9 -5 L -9 5 Z");
  head.setAttribute("transform", transform);
  head.classList.add("head");
  for (const element of [line, head]) {
    if (kind) element.classList.add(kind);
    element.dataset.steps = steps.join(" ");
    element.dataset.from = from;
  }
  return [line, head];
}

/** Light what flows in a step. */
export function light(step) {
  svg.dataset.step = step;
  for (const path of svg.querySelectorAll("path")) {
    path.classList.toggle("on", path.dataset.steps.split(" ").includes(String(step)));
    path.style.strokeDasharray = path.style.strokeDashoffset = "";
  }
}

/** Let what is lit flow on by half a dash. */
export function flow() {
  arrive();
  moved = (moved + 5.5) % 11;
  for (const path of svg.querySelectorAll("path.on:not(.head)")) {
    if (!path.classList.contains("gradient")) path.style.strokeDasharray = DASH;
    path.style.strokeDashoffset = -moved;
  }
}

/**
 * Send what flows in a step along its wires: pictures forwards, the gradient back. It moves in few leaps by a timer, as
 * an animation is computed sixty times a second whatever it shows, and the machine that trains pays for it. It is in a
 * layer of its own and moved by its transform alone, for which nothing is laid out or painted.
 */
export function travel(step, { back, pictures, ms }) {
  arrive();
  for (const path of svg.querySelectorAll(`path:not(.head)${back ? ".gradient" : ":not(.gradient)"}`)) {
    if (!path.dataset.steps.split(" ").includes(String(step))) continue;
    const length = path.getTotalLength();
    const places = Array.from({ length: PLACES }, (_, i) => path.getPointAtLength((length * i) / (PLACES - 1)));
    sent.push({ places, element: traveller(back ? null : pictures[path.dataset.from], back) });
  }
  leap(0, ms / PLACES);
  document.getElementById("travellers").append(...sent.map(({ element }) => element));
}

/** Make what travels: a copy of a picture, or a dot. */
function traveller(source, back) {
  const made = document.createElement("span");
  made.className = `traveller ${source ? "" : "dot"} ${back ? "gradient" : ""}`;
  if (!source) return made;
  const copy = source.cloneNode(true);
  copy.removeAttribute("id");
  made.append(copy);
  return made;
}

/** Put travellers at the place of that number of their wires, and so on to the end; the next beat takes them away, if it comes. */
function leap(number, ms) {
  for (const { places, element } of sent) {
    const { x, y } = places[number];
    element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }
  timer = number < PLACES - 1 ? setTimeout(leap, ms, number + 1, ms) : setTimeout(arrive, 2 * ms);
}

/** Take away what travels. */
function arrive() {
  clearTimeout(timer);
  for (const { element } of sent) element.remove();
  sent = [];
}
