// Where reals come from: a few places of the plane, each as likely, with a little spread around each.

const SQUARE = 2; // the plane is shown from -SQUARE to SQUARE both ways
const on = (count, place) => Array.from({ length: count }, (_, k) => place(k / count, k));
const turned = (radius, turn) => [radius * Math.cos(2 * Math.PI * turn), radius * Math.sin(2 * Math.PI * turn)];

// `modes`: the places are islands, to be counted one by one; otherwise they lie along a line.
const SHAPES = {
  eight: { modes: true, spread: 0.1, places: on(8, (turn) => turned(1.4, turn)) },
  grid: { modes: true, spread: 0.1, places: on(9, (_, k) => [1.3 * ((k % 3) - 1), 1.3 * (Math.floor(k / 3) - 1)]) },
  blob: { modes: true, spread: 0.2, places: [[0.9, 0.7]] },
  ring: { modes: false, spread: 0.06, places: on(48, (turn) => turned(1.3, turn)) },
  moons: {
    modes: false, spread: 0.06,
    places: on(48, (_, k) => {
      const turn = Math.floor(k / 2) / 46, [x, y] = turned(1, turn);
      return k % 2 ? [x - 0.5, y - 0.25] : [0.5 - x, 0.25 - y];
    }),
  },
  spiral: { modes: false, spread: 0.06, places: on(48, (share) => turned(0.2 + 1.4 * share, 1.5 * share)) },
};
const DRAWN_SPREAD = 0.06;
const NEAR = 3; // spreads: 99 of 100 reals of a place are no farther from it
const REACH = 0.2; // and at least so far, where the places lie along a line
const MOST_LANDMARKS = 24;

// The distribution of a name, or of the points that somebody drew.
function distributionOf(name, drawn) {
  if (name === "drawn") return withLandmarks({ modes: false, spread: DRAWN_SPREAD, places: drawn });
  return withLandmarks(SHAPES[name]);
}

// Landmarks are what coverage is counted by: the modes, or places along the line as far from one another as can be.
function withLandmarks({ modes, spread, places }) {
  const landmarks = modes ? places : spaced(places, MOST_LANDMARKS);
  return { modes, spread, places, landmarks, reach: Math.max(NEAR * spread, modes ? 0 : REACH) };
}

// At most `count` of the places: each time the one that is farthest from all those taken (Gonzalez 1985).
function spaced(places, count) {
  const taken = places.slice(0, 1), gaps = places.map((place) => distance(place, places[0]));
  while (taken.length < Math.min(count, places.length)) {
    const k = gaps.indexOf(Math.max(...gaps));
    if (gaps[k] < REACH) break;
    taken.push(places[k]);
    places.forEach((place, i) => (gaps[i] = Math.min(gaps[i], distance(place, places[k]))));
  }
  return taken;
}

const distance = ([a, b], [x, y]) => Math.hypot(a - x, b - y);

// `count` reals as rows [count × 2], from a random stream at a position; none where nothing is drawn yet.
function drawReals({ places, spread }, count, seed, stream, position) {
  if (!places.length) return new Float64Array(0);
  const [low] = seedFor(seed, stream, position), rows = Float64Array.from(normals(low, 0, 2 * count), (value) => value * spread);
  const twister = new Twister(low ^ 0x5bd1e995);
  for (let i = 0; i < count; i++) {
    const [x, y] = places[Math.floor((twister.next() / 4294967296) * places.length)];
    rows[2 * i] += x;
    rows[2 * i + 1] += y;
  }
  return rows;
}

// How much of the data the fakes cover, and how many fakes lie on it. A landmark is covered if at least a quarter of its
// even share of the fakes is near it.
function coverage({ landmarks, places, reach }, fakes) {
  const count = fakes.length / 2, found = landmarks.map(() => 0);
  let onData = 0;
  for (let i = 0; i < count; i++) {
    const fake = [fakes[2 * i], fakes[2 * i + 1]];
    landmarks.forEach((place, k) => (found[k] += distance(place, fake) <= reach));
    onData += places.some((place) => distance(place, fake) <= reach);
  }
  const least = Math.max(1, (0.25 * count) / landmarks.length);
  return { covered: found.filter((n) => n >= least).length, of: landmarks.length, onData: onData / count };
}
