// Spectra [1, S, S] in [-1, 1] of sounds, on an exported page: drawn, and made heard as spectra.py and phase.py do it.

const [, BANDS, FRAMES] = FACTS.shape, SOUND = FACTS.sample;

const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
const levelOf = (value) => Math.min(255, Math.max(0, Math.round(value * 127.5 + 127.5)));

// Magnitudes [frames · bins] of a spectrum of bands and columns: between two the logarithm goes over straight.
function magnitudesOf(sample) {
  const bins = floats(SOUND.bins), frames = floats(SOUND.frames), numBins = bins.length / BANDS, num = frames.length / FRAMES;
  const half = new Float32Array(FRAMES * numBins), out = new Float32Array(num * numBins);
  for (let column = 0; column < FRAMES; column++)
    for (let band = 0; band < BANDS; band++) {
      const log = (1 - levelOf(sample[(BANDS - 1 - band) * FRAMES + column]) / 255) * SOUND.floor;
      for (let bin = 0; bin < numBins; bin++) half[column * numBins + bin] += log * bins[bin * BANDS + band];
    }
  for (let frame = 0; frame < num; frame++) {
    const row = out.subarray(frame * numBins, (frame + 1) * numBins);
    for (let column = 0; column < FRAMES; column++) {
      const share = frames[frame * FRAMES + column];
      if (share) for (let bin = 0; bin < numBins; bin++) row[bin] += share * half[column * numBins + bin];
    }
    for (let bin = 0; bin < numBins; bin++) row[bin] = row[bin] > SOUND.floor + 0.05 ? Math.exp(row[bin]) : 0;
  }
  return [out, num, numBins];
}

// The phase that magnitudes tell, without iterations (Prusa, Balazs & Sondergaard 2017, arXiv 1609.00291): see phase.py.
function phaseOf(loud, num, bins) {
  const length = 2 * (bins - 1), { hop, gamma, heard } = SOUND, loudest = loud.reduce((a, b) => Math.max(a, b), 1e-30);
  const logs = Float64Array.from(loud, (value) => Math.log(Math.max(value / loudest, heard / 10)));
  const slope = (at, place, last, step) => {
    if (place === 0) return logs[at + step] - logs[at];
    return place === last ? logs[at] - logs[at - step] : (logs[at + step] - logs[at - step]) / 2;
  };
  const right = new Float64Array(loud.length), up = new Float64Array(loud.length);
  for (let frame = 0, at = 0; frame < num; frame++)
    for (let bin = 0; bin < bins; bin++, at++) {
      right[at] = (hop / (gamma * length)) * slope(at, bin, bins - 1, 1) + ((2 * Math.PI * hop) / length) * bin;
      up[at] = ((-gamma * length) / hop) * slope(at, frame, num - 1, bins) - Math.PI;
    }
  const phase = new Float64Array(loud.length), todo = Uint8Array.from(loud, (value) => value > heard * loudest);
  const order = Array.from(loud.keys()).sort((a, b) => loud[b] - loud[a]), heap = new Heap(loud);
  for (const start of order) {
    if (!todo[start]) continue;
    todo[start] = 0;
    heap.push(start);
    while (heap.size) {
      const here = heap.pop(), bin = here % bins;
      const visit = (there, steps, sign, inside) => {
        if (!inside || !todo[there]) return;
        phase[there] = phase[here] + sign * (steps[here] + steps[there]);
        todo[there] = 0;
        heap.push(there);
      };
      visit(here + bins, right, 0.5, here + bins < loud.length);
      visit(here - bins, right, -0.5, here >= bins);
      visit(here + 1, up, 0.5, bin + 1 < bins);
      visit(here - 1, up, -0.5, bin > 0);
    }
  }
  return phase;
}

// Places, the loudest first.
class Heap {
  constructor(loud) {
    [this.loud, this.places] = [loud, []];
  }

  get size() {
    return this.places.length;
  }

  before(a, b) {
    return this.loud[a] > this.loud[b] || (this.loud[a] === this.loud[b] && a < b);
  }

  push(place) {
    const { places } = this;
    let at = places.push(place) - 1;
    for (let above; at > 0 && this.before(place, places[(above = (at - 1) >> 1)]); at = above) places[at] = places[above];
    places[at] = place;
  }

  pop() {
    const { places } = this, first = places[0], last = places.pop();
    if (!places.length) return first;
    let at = 0;
    for (let next; (next = 2 * at + 1) < places.length; at = next) {
      if (next + 1 < places.length && this.before(places[next + 1], places[next])) next++;
      if (!this.before(places[next], last)) break;
      places[at] = places[next];
    }
    places[at] = last;
    return first;
  }
}

// The wave whose spectrum is nearest (Griffin & Lim 1984, eq. 6).
function waveOf(sample) {
  const [loud, num, bins] = magnitudesOf(sample), phase = phaseOf(loud, num, bins), length = 2 * (bins - 1), { hop } = SOUND;
  const cosines = Float64Array.from({ length }, (_, i) => Math.cos((2 * Math.PI * i) / length));
  const window = cosines.map((cosine) => 0.5 - 0.5 * cosine);
  const total = new Float64Array(num * hop + length), weight = new Float64Array(total.length).fill(1e-4);
  for (let frame = 0; frame < num; frame++) {
    const here = Array.from({ length: bins }, (_, bin) => bin).filter((bin) => loud[frame * bins + bin] > 0);
    const parts = here.map((bin) => {
      const size = (loud[frame * bins + bin] * (bin === 0 || bin === bins - 1 ? 1 : 2)) / length, angle = phase[frame * bins + bin];
      return [bin, size * Math.cos(angle), size * Math.sin(angle)];
    });
    for (let i = 0; i < length; i++) {
      let sum = 0; // of the real parts; a sine is the cosine a quarter turn before
      for (const [bin, real, imaginary] of parts) {
        const turn = (bin * i) % length;
        sum += real * cosines[turn] - imaginary * cosines[(turn + (3 * length) / 4) % length];
      }
      total[frame * hop + i] += sum * window[i];
      weight[frame * hop + i] += window[i] ** 2;
    }
  }
  const wave = Float32Array.from({ length: Math.min(SOUND.length, num * hop) }, (_, i) => total[length / 2 + i] / weight[length / 2 + i]);
  const peak = wave.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return wave.map((value) => (value * SOUND.peak) / peak);
}

const soundOf = (sample) => wav(waveOf(sample), SOUND.rate);

const KIND = {
  height: BANDS,
  width: FRAMES,
  wall: { wide: [16, 16], narrow: [6, 30] },
  files: [{ suffix: ".wav", type: "audio/wav", bytes: soundOf }],
  heard: soundOf,

  draw(sample) {
    const image = new ImageData(FRAMES, BANDS);
    for (let i = 0; i < BANDS * FRAMES; i++) image.data.set([...Array(3).fill(levelOf(sample[i])), 255], 4 * i);
    return image;
  },

  described: () => words("sample", { seconds: number(SOUND.seconds), rate: whole(SOUND.rate) }),
};
