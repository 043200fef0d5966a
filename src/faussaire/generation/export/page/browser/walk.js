// From one picture to another along a great circle (White 2016, arXiv 1609.04468, section 2.1).

const walk = { start: null, end: null, playing: false, busy: false, next: null };

function between(a, b, share) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(a, b) / Math.max(1e-9, Math.sqrt(dot(a, a) * dot(b, b)));
  const angle = Math.acos(Math.min(1 - 1e-6, Math.max(-1 + 1e-6, cosine)));
  const [one, other] = [Math.sin((1 - share) * angle), Math.sin(share * angle)].map((sine) => sine / Math.sin(angle));
  return a.map((value, i) => one * value + other * b[i]);
}

function walkInput(share) {
  const label = labelOf(walk.start);
  const z = between(moved(walk.start), moved(walk.end), share);
  return [z, walk.start.truncation, label === null ? null : [label]];
}

// Draws the picture at the slider; of those that come while one is made, the last.
async function onTheWay() {
  if (walk.busy) return void (walk.again = true);
  walk.busy = true;
  do {
    walk.again = false;
    const share = $("way").value / 100;
    paint($("between"), pixels(await engine.make(...walkInput(share), { urgent: true })));
    $("between").setAttribute("aria-label", words("between", { percent: percent(share) }));
  } while (walk.again);
  walk.busy = false;
}

async function ends() {
  for (const [name, share] of [["start", 0], ["end", 1]]) paint($(name), pixels(await engine.make(...walkInput(share))));
  await onTheWay();
}

async function play() {
  if (walk.playing) return void (walk.playing = false);
  walk.playing = true;
  wordPlay();
  let at = Number($("way").value), step = at >= 100 ? -1 : 1;
  while (walk.playing) {
    at += step;
    if (at >= 100 || at <= 0) step = -step;
    $("way").value = at;
    const began = performance.now();
    await onTheWay().catch((error) => ((walk.playing = false), report(error)));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 33 - (performance.now() - began))));
  }
  wordPlay();
}

const wordPlay = () => ($("play").textContent = words(walk.playing ? "stop" : "play"));

function beginWalk() {
  walk.start = here;
  walk.end = { ...fresh(), ...still() };
  $("start-here").addEventListener("click", () => ((walk.start = here), ends().catch(report)));
  $("end-anew").addEventListener("click", () => ((walk.end = { ...fresh(), ...still() }), ends().catch(report)));
  $("way").addEventListener("input", () => ((walk.playing = false), onTheWay().catch(report)));
  $("play").addEventListener("click", play);
  const quiet = matchMedia("(prefers-reduced-motion: reduce)");
  const motion = () => (($("play").hidden = quiet.matches), quiet.matches && (walk.playing = false));
  quiet.addEventListener("change", motion);
  motion();
  for (const name of ["start", "end"]) saying(() => $(name).setAttribute("aria-label", words(name)));
  saying(() => $("between").setAttribute("aria-label", words("between", { percent: percent($("way").value / 100) })));
  saying(wordPlay);
  ends().catch(report);
}
