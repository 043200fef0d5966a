// A wall of hundreds: all samples of one seed, in the order of `faussaire generate --seed SEED`.

const WALL_TOGETHER = 8; // made between two looks at what is urgent
const wall = { count: 0, columns: 0, seed: null, mark: 0, image: null, wish: 0 };

function measureWall() {
  const [columns, rows] = innerWidth < 700 ? KIND.wall.narrow : KIND.wall.wide;
  Object.assign(wall, { columns, count: columns * rows });
}

async function fillWall() {
  const wish = ++wall.wish, { count, columns } = wall, canvas = $("wall"), began = performance.now();
  const [place, label] = [fresh(), here.label];
  Object.assign(wall, { seed: place.seed, mark: 0, label, truncation: here.truncation });
  $("wall-frame").hidden = $("wall-keys").hidden = false;
  canvas.width = columns * KIND.width;
  canvas.height = Math.ceil(count / columns) * KIND.height;
  const context = canvas.getContext("2d");
  for (let first = 0; first < count; first += WALL_TOGETHER) {
    const places = Array.from({ length: Math.min(WALL_TOGETHER, count - first) }, (_, i) => ({ ...place, ...still(), index: first + i, label }));
    const latents = new Float32Array(places.length * FACTS.z_dim);
    places.forEach((one, i) => latents.set(latentOf(one.seed, one.index, FACTS.z_dim), i * FACTS.z_dim));
    const samples = await engine.make(latents, wall.truncation, FACTS.shares.length ? places.map(labelOf) : null);
    if (wish !== wall.wish) return; // another wall was asked for
    places.forEach((one, i) => context.putImageData(pixels(samples, i), (one.index % columns) * KIND.width, Math.floor(one.index / columns) * KIND.height));
    $("rate").textContent = words("filling", { done: whole(first + places.length), n: whole(count) });
  }
  const seconds = (performance.now() - began) / 1000;
  wall.image = context.getImageData(0, 0, canvas.width, canvas.height);
  canvas.dataset.rate = (count / seconds).toFixed(1);
  wall.told = { n: whole(count), seconds, rate: count / seconds, command: wallCommand() };
  wordWall();
  markWall(0, false);
}

// What makes the same samples where faussaire is installed; RUN is its folder.
function wallCommand() {
  const { seed, count, truncation, label } = wall;
  const options = [`--seed ${seed} -n ${count}`];
  if (truncation !== 1) options.push(`--truncation ${truncation}`);
  if (label !== null) options.push(`--class ${label}`);
  return `faussaire generate RUN ${options.join(" ")}`;
}

function wordWall() {
  const { n, seconds, rate, command } = wall.told ?? {};
  if (n) $("rate").textContent = words("rate", { n, command, seconds: number(seconds, { maximumSignificantDigits: 2 }), rate: whole(rate) });
  if (n && !engine.fast) $("rate").textContent += ` ${words("rate_slow")}`;
  $("wall").setAttribute("aria-label", words("wall_alt", { n: whole(wall.count), place: wall.mark }));
}

// Puts the mark of the keyboard on a picture.
function markWall(place, visible = true) {
  if (!wall.image) return;
  wall.mark = Math.min(wall.count - 1, Math.max(0, place));
  const context = $("wall").getContext("2d");
  context.putImageData(wall.image, 0, 0);
  wordWall();
  if (!visible) return;
  context.strokeStyle = "#2457c5";
  context.lineWidth = Math.max(2, KIND.height / 12);
  const left = (wall.mark % wall.columns) * KIND.width, top = Math.floor(wall.mark / wall.columns) * KIND.height;
  context.strokeRect(left + 1, top + 1, KIND.width - 2, KIND.height - 2);
}

function openFromWall(index) {
  go({ seed: wall.seed, index, ...still(), truncation: wall.truncation, label: wall.label });
  $("status").textContent = words("wall_opened", { place: index });
  $("title").scrollIntoView({ block: "center" });
}

function beginWall() {
  measureWall();
  saying(() => (document.querySelector('[data-t="wall_say"]').textContent = words("wall_say", { n: whole(wall.count) })));
  saying(wordWall);
  $("fill").addEventListener("click", () => {
    wall.image = wall.told = null;
    measureWall();
    fillWall().catch(report);
  });
  $("wall").addEventListener("click", (event) => {
    const box = $("wall").getBoundingClientRect(), rows = Math.ceil(wall.count / wall.columns);
    const column = Math.floor(((event.clientX - box.left) / box.width) * wall.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
    openFromWall(Math.min(wall.count - 1, row * wall.columns + column));
  });
  $("wall").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wall.columns, ArrowDown: wall.columns }[event.key];
    if (step) markWall(wall.mark + step);
    else if (event.key === "Enter" || event.key === " ") openFromWall(wall.mark);
    else return;
    event.preventDefault();
  });
}
