// The wires of the diagram: drawn between the boxes wherever the page has put them, and lit by the step under way.

const SVG = "http://www.w3.org/2000/svg";
const LEAPS = 6; // from the beginning of a wire to its end
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

export function drawWires() {
  const draw = () => {
    svg.replaceChildren();
    for (const wire of WIRES) add(...wire, 0, "");
    for (const wire of GRADIENTS) add(...wire, BACK, "gradient");
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

function add(from, to, steps, beside, kind) {
  const { x1, y1, x2, y2, flat } = ends(box(from), box(to), beside);
  const angle = flat ? (x2 > x1 ? 0 : 180) : (y2 > y1 ? 90 : 270);
  const line = document.createElementNS(SVG, "path");
  const bend = flat ? `C ${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2}` : `C ${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2}`;
  line.setAttribute("d", `M ${x1} ${y1} ${bend} ${x2} ${y2}`);
  const head = document.createElementNS(SVG, "path");
  head.setAttribute("d", "M 0 0 L -9 -5 L -9 5 Z");
  head.setAttribute("transform", `translate(${x2} ${y2}) rotate(${angle})`);
  head.classList.add("head");
  for (const element of [line, head]) {
    if (kind) element.classList.add(kind);
    element.dataset.steps = steps.join(" ");
    element.dataset.from = from;
    svg.append(element);
  }
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
  moved = (moved + 5.5) % 11;
  for (const path of svg.querySelectorAll("path.on:not(.head)")) {
    if (!path.classList.contains("gradient")) path.style.strokeDasharray = DASH;
    path.style.strokeDashoffset = -moved;
  }
}

/**
 * Send what flows in a step along its wires: pictures forwards, the gradient back. It moves in few leaps by a timer, as
 * an animation is computed sixty times a second whatever it shows, and the machine that trains pays for it.
 */
export function travel(step, { back, pictures, ms }) {
  const sent = [];
  for (const path of svg.querySelectorAll(`path:not(.head)${back ? ".gradient" : ":not(.gradient)"}`)) {
    if (!path.dataset.steps.split(" ").includes(String(step))) continue;
    sent.push(traveller(back ? null : pictures[path.dataset.from], back));
    sent.at(-1).style.offsetPath = `path("${path.getAttribute("d")}")`;
  }
  svg.parentElement.append(...sent);
  leap(sent, 0, ms / LEAPS);
}

/** Make what travels: a copy of a picture, or a dot. */
function traveller(source, back) {
  const made = document.createElement(source ? "canvas" : "span");
  made.className = `traveller ${source ? "" : "dot"} ${back ? "gradient" : ""}`;
  made.setAttribute("aria-hidden", "true");
  if (source) {
    Object.assign(made, { width: source.width, height: source.height });
    made.getContext("2d").drawImage(source, 0, 0);
  }
  return made;
}

/** Put travellers on by a leap, and so on to the end of their wires, where they are gone. */
function leap(sent, number, ms) {
  for (const one of sent) {
    if (number < LEAPS) one.style.offsetDistance = `${(100 * number) / LEAPS}%`;
    else one.remove();
  }
  if (number < LEAPS) setTimeout(leap, ms, sent, number + 1, ms);
}
