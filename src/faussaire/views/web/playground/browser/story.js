// What has happened: the curves, the figures of the last rounds, and the verdict in words.

const MOST_POINTS = 400; // of a curve; then two and two become one
const RECENT = 20; // rounds that a figure is the mean of
const LOOK_EVERY = 10; // rounds between two counts
const TRAIL = 30; // counts that are remembered
const FEW = 0.4; // of the places: three of eight
const LONG_STEP = 0.2; // of the cloud, from one count to the next
const FLAT = 0.01; // an arrow shorter than this moves nothing
const KEYS = ["lossD", "lossG", "accuracyReal", "accuracyFake"];

class Story {
  constructor() {
    this.curves = Object.fromEntries(KEYS.map((key) => [key, []]));
    this.perPoint = 5; // steps in one point of a curve, so that it can be read
    this.pending = Object.fromEntries(KEYS.map((key) => [key, []]));
    this.last = Object.fromEntries(KEYS.map((key) => [key, []]));
    this.trail = [];
  }

  // Takes what one step, or one round, told.
  take(told) {
    for (const key of KEYS.filter((name) => name in told)) {
      this.last[key] = [...this.last[key].slice(1 - RECENT), told[key]];
      this.pending[key].push(told[key]);
      if (this.pending[key].length < this.perPoint) continue;
      this.curves[key].push(mean(this.pending[key]));
      this.pending[key] = [];
    }
    if (Math.max(...KEYS.map((key) => this.curves[key].length)) > MOST_POINTS) this.thin();
  }

  thin() {
    for (const key of KEYS) this.curves[key] = paired(this.curves[key]);
    this.perPoint *= 2;
  }

  // Takes a look at the game, every LOOK_EVERY rounds: so what it says depends on the rounds, not on the clock.
  look(game) {
    const { fake, arrows } = game.look(), centre = [0, 1].map((axis) => mean(Array.from(fake).filter((_, i) => i % 2 === axis)));
    const lengths = (rows) => Array.from({ length: rows.length / 2 }, (_, i) => Math.hypot(rows[2 * i], rows[2 * i + 1]));
    const spread = mean(lengths(fake.map((value, i) => value - centre[i % 2])));
    this.trail = [...this.trail.slice(1 - TRAIL), { ...game.count(), centre, spread, pull: mean(lengths(arrows)), rounds: game.rounds }];
  }

  recent(key) {
    return this.last[key].length ? mean(this.last[key]) : null;
  }

  accuracy() {
    const [real, fake] = [this.recent("accuracyReal"), this.recent("accuracyFake")];
    return real === null ? null : (real + fake) / 2;
  }

  now() {
    return this.trail.at(-1) ?? null;
  }

  // The name of the sentence that says how it is going.
  verdict(game) {
    const now = this.now();
    if (!Number.isFinite(mean(this.last.lossD)) && this.last.lossD.length) return "broken";
    if (now === null || game.rounds < 3 * LOOK_EVERY) return game.rounds || game.stepsD || game.stepsG ? "first" : "start";
    if (this.accuracy() > 0.95 && now.pull < FLAT) return "strong";
    const lately = this.trail.slice(-5);
    if (now.of >= 5 && game.rounds >= 100 && lately.every(({ covered, of, onData }) => covered > 0 && covered <= FEW * of && onData > 0.4)) return "collapse";
    if (this.swings()) return "swing";
    if (now.covered >= 0.87 * now.of && now.onData >= 0.4) return "good";
    return "learning";
  }

  // Whether the cloud keeps rushing about: between two looks its centre goes far, and far for a cloud of its size.
  swings() {
    if (this.trail.length < 20) return false;
    const steps = this.trail.slice(1).map(({ centre }, i) => distance(centre, this.trail[i].centre)), step = mean(steps);
    return step > LONG_STEP && step > 0.3 * mean(this.trail.map(({ spread }) => spread));
  }
}

const paired = (values) => Array.from({ length: values.length >> 1 }, (_, i) => (values[2 * i] + values[2 * i + 1]) / 2);
