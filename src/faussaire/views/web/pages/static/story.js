// What is known of a run, put together from its events: the page shows this and nothing else.

const FOR_GOOD = ["plan", "config", "resumed"]; // true whatever is trained again
const ONLY_LAST = ["judged", "checkpoint", "config"];
const MOST_EVENTS = 6_000; // a page may stay open for weeks
const MOST_OF_A_KIND = 2_000; // more than a screen has columns
const RECENT = 256;
const IN_A_ROW = 5; // reports whose mean says how often D is right
const RISEN = 0.03; // above its lowest, from which on D is said to gain again

export class Story {
  constructor() {
    this.begin({ events: [], line: 0 });
  }

  /** Start anew from the run so far. */
  begin({ events, line }) {
    this.line = line;
    this.events = [];
    this.state = "starting"; // in a word, as the server says it
    this.age = null; // of the last news, in seconds
    this.verdict = null; // in each language, as the server says it
    for (const event of events) this.take(event, line);
  }

  /** Take in one event; lines that were told already are passed over. */
  take(event, line) {
    this.line = line;
    if (event.kind === "resumed") {
      this.events = this.events.filter((e) => FOR_GOOD.includes(e.kind) || e.nimg <= event.nimg);
    }
    if (ONLY_LAST.includes(event.kind)) this.events = this.events.filter((e) => e.kind !== event.kind);
    this.events.push(event);
    if (this.events.length > MOST_EVENTS) this.thin();
  }

  /** Keep of each kind the last ones, and before them those that lie evenly along the run. */
  thin() {
    const end = this.events.at(-1).nimg + 1;
    const left = {};
    for (const { kind } of this.events) left[kind] = (left[kind] ?? 0) + 1;
    const many = Object.keys(left).filter((kind) => left[kind] > MOST_OF_A_KIND);
    const latest = {};
    this.events = this.events.filter(({ kind, nimg }) => {
      left[kind] -= 1;
      const column = Math.floor((nimg / end) * MOST_OF_A_KIND);
      const kept = !many.includes(kind) || left[kind] < RECENT || column !== latest[kind];
      latest[kind] = column;
      return kept;
    });
  }

  all(kind) {
    return this.events.filter((event) => event.kind === kind);
  }

  last(kind) {
    return this.events.findLast((event) => event.kind === kind);
  }

  /** Whether nothing more is to come. */
  get ended() {
    return ["finished", "stopped", "diverged"].includes(this.state);
  }

  /** How often D was right along the run: the lowest mean of a few reports in a row, where that was, and the last. */
  course() {
    const known = this.all("stats").filter(({ data }) => Number.isFinite(data.accuracy_real) && Number.isFinite(data.accuracy_fake));
    if (known.length < 2 * IN_A_ROW) return null;
    const right = inARow(known.map(({ data }) => data.accuracy_real + data.accuracy_fake));
    const judged = inARow(known.map(({ data }) => 2 * (data.n ?? 0)));
    const means = right.map((sum, i) => ({ nimg: known[i + IN_A_ROW - 1].nimg, mean: sum / (2 * IN_A_ROW), n: judged[i] }));
    const lowest = means.reduce((a, b) => (b.mean < a.mean ? b : a));
    const now = means.at(-1);
    const gauged = known.findLast(({ data }) => Number.isFinite(data.accuracy_held_out))?.data;
    return { lowest: lowest.mean, nimg: lowest.nimg, now: now.mean, risen: surelyAbove(now, lowest), gauged };
  }

  /** The figures that texts speak of, by name. */
  figures() {
    const stats = this.last("stats");
    const config = this.last("config")?.data ?? {};
    const settings = config.config ?? {};
    const nimg = stats?.nimg ?? this.events.at(-1)?.nimg ?? 0;
    const data = stats?.data ?? {};
    const step = (settings.batch_size ?? 0) * (settings.d_steps ?? 1);
    const known = data.accuracy_real !== undefined && data.accuracy_real !== null;
    const accuracy = known ? (data.accuracy_real + data.accuracy_fake) / 2 : null;
    return {
      ...data, nimg, config, settings, accuracy,
      rounds: step ? nimg / step : null,
      rounds_per_second: step && data.nimg_per_second ? data.nimg_per_second / step : null,
      judged: this.last("judged"),
    };
  }
}

/** Return the sum of each few values in a row. */
function inARow(values) {
  let sum = 0;
  return values.map((value, i) => (sum += value - (values[i - IN_A_ROW] ?? 0))).slice(IN_A_ROW - 1);
}

/** Whether one mean of `n` answers lies above another by more than RISEN, whatever chance did: Newcombe's interval. */
function surelyAbove(one, other) {
  const low = one.mean - wilson(one.mean, one.n)[0];
  const high = wilson(other.mean, other.n)[1] - other.mean;
  return one.mean - other.mean - Math.hypot(low, high) > RISEN;
}

/** Return both ends of the 95 % interval of a share of n, as core/intervals.py does (Wilson 1927). */
export function wilson(share, n) {
  const z2 = 1.959964 ** 2;
  const centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Return how D judged a sample: its verdict, how sure it was, and whether that was right. */
export function verdict(logit, boundary, isReal) {
  if (logit === null || boundary === null) return null;
  const says = logit > boundary ? "REAL" : "FAKE";
  const sure = 1 / (1 + Math.exp(-Math.abs(logit - boundary)));
  return { says, sure, right: (says === "REAL") === isReal };
}
