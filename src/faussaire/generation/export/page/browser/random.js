// Random numbers as faussaire draws them: the same seed gives the same latents and classes as on the machine that trained.
// torch: Mersenne Twister (Matsumoto and Nishimura 1998) and Box-Muller in groups of sixteen; NumPy: PCG64 (O'Neill 2014).

const CHUNK = 256; // latents of one chunk of a seed, as in generation/generator.py

function sha256(text) {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const { K, H } = sha256.constants;
  const state = Uint32Array.from(H), w = new Uint32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
      const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((x, i) => (state[i] += x));
  }
  return state;
}
sha256.constants = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
  // The first 32 bits behind the point of a root, exact: by integers, as doubles are too short for the cube root.
  const root = (n, power) => {
    let low = 0n, high = 1n << 36n;
    const wanted = BigInt(n) << BigInt(32 * power);
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** BigInt(power) <= wanted) low = middle;
      else high = middle;
    }
    return Number(low & 0xffffffffn);
  };
  return { K: primes.map((p) => root(p, 3)), H: primes.slice(0, 8).map((p) => root(p, 2)) };
})();

// The 63-bit seed of a stream at a position (core/rng.py), as its low 32 bits and its high 31.
function seedFor(seed, stream, position) {
  const words = sha256([seed, stream, position].join("\x1f"));
  const swap = (x) => ((x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)) >>> 0;
  const low = swap(words[0]), high = swap(words[1]);
  return [((low >>> 1) | (high << 31)) >>> 0, high >>> 1];
}

class Twister {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const before = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.at = 624;
  }

  next() {
    const s = this.state;
    if (this.at === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (s[i] & 0x80000000) | (s[(i + 1) % 624] & 0x7fffffff);
        s[i] = s[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.at = 0;
    }
    let y = s[this.at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }
}

// `count` numbers as torch.randn draws them, beginning with number `first`; both are cut out of groups of sixteen.
function normals(seed, first, count) {
  const twister = new Twister(seed), begin = first - (first % 16), out = new Float32Array(count);
  const uniform = () => (twister.next() & 0xffffff) / 16777216;
  for (let i = 0; i < begin; i++) twister.next();
  for (let at = begin; at < first + count; at += 16) {
    const u = Array.from({ length: 16 }, uniform);
    for (let j = 0; j < 16; j++) {
      const radius = Math.sqrt(-2 * Math.log1p(-u[j % 8])), angle = 2 * Math.PI * u[8 + (j % 8)];
      const place = at + j - first;
      if (place >= 0 && place < count) out[place] = radius * (j < 8 ? Math.cos(angle) : Math.sin(angle));
    }
  }
  return out;
}

const M64 = (1n << 64n) - 1n, M128 = (1n << 128n) - 1n;

class Pcg64 {
  constructor(words) {
    const [a, b, c, d] = Pcg64.spread(words);
    this.increment = ((((c << 64n) | d) << 1n) | 1n) & M128;
    this.state = 0n;
    this.step();
    this.state = (this.state + ((a << 64n) | b)) & M128;
    this.step();
  }

  // NumPy's SeedSequence: four 64-bit numbers of a few 32-bit words.
  static spread(words) {
    let a = 0x43b0d7e5;
    const hashed = (value) => {
      value ^= a;
      a = Math.imul(a, 0x931e8875);
      value = Math.imul(value, a);
      return value ^ (value >>> 16);
    };
    const mixed = (x, y) => {
      const r = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
      return r ^ (r >>> 16);
    };
    const pool = [0, 1, 2, 3].map((i) => hashed(words[i] ?? 0));
    for (let from = 0; from < 4; from++)
      for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
    let b = 0x8b51f9dd;
    const out = Array.from({ length: 8 }, (_, i) => {
      let value = pool[i % 4] ^ b;
      b = Math.imul(b, 0x58f38ded);
      value = Math.imul(value, b);
      return BigInt((value ^ (value >>> 16)) >>> 0);
    });
    return [0, 2, 4, 6].map((i) => out[i] | (out[i + 1] << 32n));
  }

  step() {
    this.state = (this.state * 0x2360ed051fc65da44385df649fccf645n + this.increment) & M128;
  }

  next() {
    this.step();
    const x = ((this.state >> 64n) ^ this.state) & M64, turn = this.state >> 122n;
    const y = ((x >> turn) | (x << (64n - turn))) & M64;
    return Number(y >> 11n) / 9007199254740992;
  }
}

// The latent of sample `index` of a seed; what `faussaire generate --seed SEED` makes of it has the same number.
function latentOf(seed, index, size) {
  const position = Math.floor(index / CHUNK);
  return normals(seedFor(seed, "sample", position)[0], (index % CHUNK) * size, size);
}

// The class of sample `index` of a seed, drawn in the shares that the classes have in the data.
function classOf(seed, index, shares) {
  const [low, high] = seedFor(seed, "sample classes", Math.floor(index / CHUNK));
  const random = new Pcg64(high ? [low, high] : [low]);
  for (let i = 0; i < index % CHUNK; i++) random.next();
  const drawn = random.next(), total = shares.reduce((a, b) => a + b, 0);
  let sum = 0;
  const sums = shares.map((share) => (sum += share / total));
  const found = sums.findIndex((s) => s / sum > drawn);
  return found < 0 ? shares.length - 1 : found;
}
