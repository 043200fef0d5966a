// The evaluator: runs a program (program.py) on arrays in one memory, a sample at a time.
// Everything that does not depend on numbers is worked out once: where each value lies, which number goes where.

const FLOAT_BYTES = 4, TILE = 8; // the kernel takes columns by eight
const up = (n, by) => Math.ceil(n / by) * by;

class Evaluator {
  // program: as program.py describes it; constants: Map of a value's number to its Float32Array; kernel: the bytes of the
  // WebAssembly module, or null to do without.
  constructor(program, constants, kernel) {
    this.shapes = program.shapes;
    this.constants = constants;
    this.room = 0; // floats given away so far
    this.scratch = 0;
    this.tables = []; // [place, offsets]: written into the memory once it is there
    this.places = this.place(program);
    const work = program.steps.filter((step) => step.op !== "reshape").map((step) => this.prepared(step));
    this.scratchAt = this.reserve(this.scratch);
    this.reserve(64); // a tile may look behind the last number
    this.allocate(kernel);
    for (const [number, array] of constants) this.store(number, array, program);
    for (const [at, table] of this.tables) new Int32Array(this.floats.buffer, at * FLOAT_BYTES, table.length).set(table);
    this.run = work.map((make) => make());
    [this.z, this.truncation, this.label] = program.inputs.map((number) => this.view(number));
    this.output = this.view(program.output);
  }

  // Makes one sample: z is a Float32Array, truncation a number, label one where there are classes. The result is valid
  // until the next.
  evaluate(z, truncation, label) {
    this.z.set(z);
    this.truncation[0] = truncation;
    if (this.label) this.label[0] = label;
    for (const step of this.run) step();
    return this.output;
  }

  reserve(count) {
    const at = this.room;
    this.room += up(count, 16);
    return at;
  }

  size(number) {
    return product(this.shapes[number]);
  }

  // Decides where each value lies: reshaped ones where they were, others in room that no later step needs.
  place(program) {
    const root = this.shapes.map((_, number) => number), last = new Map(), free = [], places = [];
    for (const step of program.steps) if (step.op === "reshape") root[step.out] = root[step.in[0]];
    program.steps.forEach((step, i) => step.in.forEach((number) => last.set(root[number], i)));
    last.set(root[program.output], Infinity);
    this.rows = new Map(); // floats between the rows of a matrix, where they are padded for the kernel
    for (const step of program.steps)
      if (step.op === "dense") this.rows.set(step.in[1], up(this.shapes[step.in[1]][1], TILE));
    for (const number of this.constants.keys()) {
      const [rows] = this.shapes[number];
      places[number] = this.reserve(this.rows.has(number) ? rows * this.rows.get(number) : this.size(number));
    }
    for (const number of program.inputs) places[number] = this.reserve(this.size(number));
    program.steps.forEach((step, i) => {
      if (step.op !== "reshape") {
        const size = up(this.size(step.out), 16);
        const fits = free.filter((hole) => hole.size >= size).sort((a, b) => a.size - b.size)[0];
        if (fits) free.splice(free.indexOf(fits), 1);
        places[step.out] = fits ? fits.at : this.reserve(size);
        if (fits && fits.size > size) free.push({ at: fits.at + size, size: fits.size - size });
      }
      for (const number of new Set([...step.in.map((n) => root[n]), root[step.out]])) {
        const computed = !this.constants.has(number) && !program.inputs.includes(number);
        if (computed && (last.get(number) ?? i) === i) free.push({ at: places[number], size: up(this.size(number), 16) });
      }
    });
    return this.shapes.map((_, number) => places[root[number]]);
  }

  allocate(kernel) {
    const bytes = this.room * FLOAT_BYTES, pages = Math.ceil(bytes / 65536);
    this.multiply = this.multiplyPlainly;
    try {
      const memory = new WebAssembly.Memory({ initial: pages });
      const module = new WebAssembly.Module(kernel);
      this.multiply = new WebAssembly.Instance(module, { env: { memory } }).exports.multiply;
      this.floats = new Float32Array(memory.buffer);
      this.fast = true;
    } catch {
      this.floats = new Float32Array(pages * 16384); // no WebAssembly here, or none with SIMD
      this.fast = false;
    }
    this.words = new Int32Array(this.floats.buffer);
  }

  store(number, array, program) {
    const row = this.rows.get(number), at = this.places[number];
    if (!row) return this.floats.set(array, at);
    const [rows, columns] = this.shapes[number];
    for (let i = 0; i < rows; i++) this.floats.set(array.subarray(i * columns, (i + 1) * columns), at + i * row);
  }

  view(number) {
    return this.floats.subarray(this.places[number], this.places[number] + this.size(number));
  }

  // Reserves a table of the places, in floats, from which the kernel reads each row of B.
  table(places) {
    const at = this.reserve(places.length);
    this.tables.push([at, places.map((place) => place * FLOAT_BYTES)]);
    return at;
  }

  needs(floats) {
    this.scratch = Math.max(this.scratch, up(floats, 16));
  }

  // What kernel.py does, in JavaScript; addresses in bytes.
  multiplyPlainly(a, at, b, c, m, n, k, stride) {
    const { floats, words } = this;
    a >>= 2, at >>= 2, b >>= 2, c >>= 2, stride >>= 2;
    for (let i = 0; i < m; i++, c += stride)
      for (let q = 0; q < k; q++) {
        const from = b + (words[at + q] >> 2), weight = floats[a + i * k + q];
        for (let j = 0; j < n; j++) floats[c + j] += weight * floats[from + j];
      }
  }

  // C = bias + A · B at places in floats, n columns of which only those below `columns` count.
  accumulate(a, table, b, c, m, n, k, stride) {
    this.multiply(a * 4, table * 4, b * 4, c * 4, m, n, k, stride * 4);
  }

  // Looks up what a step needs and returns what makes, once there is memory, the function that does it.
  prepared(step) {
    return this[step.op](step, step.in.map((number) => this.shapes[number]), this.shapes[step.out]);
  }

  dense(step, [x, w], out) {
    const [k, n] = w, m = product(x) / k, row = this.rows.get(step.in[1]);
    const table = this.table(Array.from({ length: k }, (_, q) => q * row));
    this.needs(m * row);
    return () => {
      const [from, weights, bias] = step.in.map((number) => this.places[number]), to = this.view(step.out);
      const direct = row === n, c = direct ? this.places[step.out] : this.scratchAt, sums = this.floats.subarray(c, c + m * row);
      const biases = bias === undefined ? null : this.view(step.in[2]);
      return () => {
        if (!biases) sums.fill(0);
        else for (let i = 0; i < m; i++) sums.set(biases, i * row);
        this.accumulate(from, table, weights, c, m, row, k, row);
        if (!direct) for (let i = 0; i < m; i++) to.set(sums.subarray(i * row, i * row + n), i * n);
      };
    };
  }

  matmul(step, [x, y], out) {
    const [m, n] = out.slice(-2), k = x.at(-1), row = up(n, TILE), batch = product(out.slice(0, -2));
    const table = this.table(Array.from({ length: k }, (_, q) => q * row));
    const lefts = indices(x.slice(0, -2), out.slice(0, -2)), rights = indices(y.slice(0, -2), out.slice(0, -2));
    this.needs((k + m) * row);
    return () => {
      const a = this.places[step.in[0]], b = this.view(step.in[1]), to = this.view(step.out);
      const copy = this.floats.subarray(this.scratchAt, this.scratchAt + k * row);
      const c = this.scratchAt + k * row, sums = this.floats.subarray(c, c + m * row);
      return () => {
        for (let i = 0; i < batch; i++) {
          const from = rights[i] * k * n;
          for (let q = 0; q < k; q++) copy.set(b.subarray(from + q * n, from + (q + 1) * n), q * row);
          sums.fill(0);
          this.accumulate(a + lefts[i] * m * k, table, this.scratchAt, c, m, row, k, row);
          for (let j = 0; j < m; j++) to.set(sums.subarray(j * row, j * row + n), (i * m + j) * n);
        }
      };
    };
  }

  conv(step, [x, w], out) {
    const [height, width] = flat(x), [after, wide] = flat(out), channels = x[1], made = out[1];
    const { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], dilation: [dh, dw], groups } = step;
    const k = (channels / groups) * kh * kw, per = made / groups;
    const simple = sh === 1 && sw === 1;
    // Of stride 1, the input is read through shifted rows of its padded copy, or of itself; else its windows are copied.
    const row = simple ? width + 2 * pw : wide, padded = (height + 2 * ph) * row;
    const bare = simple && !ph && !pw, n = simple ? (after - 1) * row + wide : after * wide, columns = up(n, TILE);
    const places = [];
    for (let c = 0; c < channels / groups; c++)
      for (let y = 0; y < kh; y++)
        for (let x = 0; x < kw; x++) places.push(simple ? c * padded + y * dh * row + x * dw : places.length * columns);
    const table = this.table(places);
    const source = bare ? 0 : simple ? channels * padded + TILE : k * columns;
    this.needs(source + per * columns + TILE);
    return () => {
      const from = this.view(step.in[0]), weights = this.places[step.in[1]], to = this.view(step.out);
      const bias = step.in.length > 2 ? this.view(step.in[2]) : null;
      const area = this.scratchAt, sumsAt = area + up(source, 16), sums = this.floats.subarray(sumsAt, sumsAt + per * columns);
      const copy = this.floats.subarray(area, area + source), windows = { maps: channels / groups, columns, after, wide };
      const begins = (group) => (bare ? this.places[step.in[0]] : area) + (simple ? (group * channels * padded) / groups : 0);
      return () => {
        if (simple && !bare) copyPadded(from, copy, x, [ph, pw], row);
        for (let group = 0; group < groups; group++) {
          if (!simple) copyWindows(from, copy, x, step, { ...windows, first: (group * channels) / groups });
          for (let i = 0; i < per; i++) sums.fill(bias ? bias[group * per + i] : 0, i * columns, (i + 1) * columns);
          this.accumulate(weights + group * per * k, table, begins(group), sumsAt, per, columns, k, columns);
          for (let i = 0; i < per; i++)
            for (let y = 0; y < after; y++) {
              const begin = i * columns + y * row;
              to.set(sums.subarray(begin, begin + wide), ((group * per + i) * after + y) * wide);
            }
        }
      };
    };
  }

  deconv(step, [x, w], out) {
    const [height, width] = flat(x), [after, wide] = flat(out), channels = x[1], made = out[1], n = height * width;
    const { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], dilation: [dh, dw] } = step;
    const columns = up(n, TILE), m = made * kh * kw, aligned = columns === n;
    const table = this.table(Array.from({ length: channels }, (_, q) => q * columns));
    this.needs((aligned ? 0 : channels * columns) + m * columns);
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out), weights = this.places[step.in[1]];
      const bias = step.in.length > 2 ? this.view(step.in[2]) : null;
      const copy = this.floats.subarray(this.scratchAt, this.scratchAt + channels * columns);
      const sumsAt = this.scratchAt + (aligned ? 0 : channels * columns);
      const sums = this.floats.subarray(sumsAt, sumsAt + m * columns);
      const b = aligned ? this.places[step.in[0]] : this.scratchAt;
      return () => {
        if (!aligned) for (let c = 0; c < channels; c++) copy.set(from.subarray(c * n, (c + 1) * n), c * columns);
        sums.fill(0);
        this.accumulate(weights, table, b, sumsAt, m, columns, channels, columns);
        let at = 0;
        for (let c = 0; c < made; c++) {
          const begin = c * after * wide;
          to.fill(bias ? bias[c] : 0, begin, begin + after * wide);
          for (let y = 0; y < kh; y++)
            for (let x = 0; x < kw; x++, at += columns)
              for (let i = 0; i < height; i++) {
                const v = i * sh - ph + y * dh, source = at + i * width, shift = x * dw - pw;
                if (v < 0 || v >= after) continue;
                const first = Math.max(0, Math.ceil(-shift / sw));
                const end = Math.min(width, Math.floor((wide - 1 - shift) / sw) + 1);
                for (let j = first, u = begin + v * wide + shift + first * sw; j < end; j++, u += sw) to[u] += sums[source + j];
              }
        }
      };
    };
  }

  unary(step) {
    return () => {
      const x = this.view(step.in[0]), to = this.view(step.out), f = UNARY[step.f](...step.with_);
      return () => f(x, to, x.length);
    };
  }

  binary(step, [a, b], out) {
    const direct = product(a) === product(out) && product(b) === product(out);
    const left = direct ? null : indices(a, out), right = direct ? null : indices(b, out);
    return () => {
      const x = this.view(step.in[0]), y = this.view(step.in[1]), to = this.view(step.out), f = BINARY[step.f];
      return direct ? () => f.direct(x, y, to) : () => f.indexed(x, y, to, left, right);
    };
  }

  reduce(step, [x], out) {
    const where = indices(out, x), count = product(x) / product(out), begin = { max: -Infinity, min: Infinity }[step.f] ?? 0;
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out), n = from.length;
      return () => {
        to.fill(begin);
        if (step.f === "argmax") return greatest(from, to, x, step.axes[0]);
        if (step.f === "max") for (let i = 0; i < n; i++) to[where[i]] = Math.max(to[where[i]], from[i]);
        else if (step.f === "min") for (let i = 0; i < n; i++) to[where[i]] = Math.min(to[where[i]], from[i]);
        else for (let i = 0; i < n; i++) to[where[i]] += from[i];
        if (step.f === "mean") for (let i = 0; i < to.length; i++) to[i] /= count;
      };
    };
  }

  softmax(step, [x]) {
    const size = x[step.axis], inner = product(x.slice(step.axis + 1)), outer = product(x) / size / inner;
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out);
      return () => {
        for (let o = 0; o < outer; o++)
          for (let i = 0; i < inner; i++) {
            const at = o * size * inner + i;
            let most = -Infinity, sum = 0;
            for (let j = 0; j < size; j++) most = Math.max(most, from[at + j * inner]);
            for (let j = 0; j < size; j++) sum += Math.exp(from[at + j * inner] - most);
            const log = Math.log(sum);
            for (let j = 0; j < size; j++) {
              const value = from[at + j * inner] - most - log;
              to[at + j * inner] = step.log ? value : Math.exp(value);
            }
          }
      };
    };
  }

  strided(step, _, out) {
    const where = walked(out, step.strides, step.start);
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out);
      return () => {
        for (let i = 0; i < to.length; i++) to[i] = from[where[i]];
      };
    };
  }

  cat(step, parts, out) {
    const outer = product(out.slice(0, step.axis)), whole = product(out.slice(step.axis));
    return () => {
      const to = this.view(step.out), pieces = step.in.map((number) => this.view(number));
      return () => {
        let at = 0;
        for (const piece of pieces) {
          const each = piece.length / outer;
          for (let o = 0; o < outer; o++) to.set(piece.subarray(o * each, (o + 1) * each), o * whole + at);
          at += each;
        }
      };
    };
  }

  pad(step, [x], out) {
    const strides = stridesOf(out), start = step.before.reduce((sum, count, axis) => sum + count * strides[axis], 0);
    const where = walked(x, strides, start);
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out);
      return () => {
        to.fill(step.value);
        for (let i = 0; i < from.length; i++) to[where[i]] = from[i];
      };
    };
  }

  blend(step, [x], out) {
    const { axis, low, high, share } = step;
    const inner = product(x.slice(axis + 1)), before = x[axis], outer = product(x) / before / inner;
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out);
      return () => {
        let at = 0;
        for (let o = 0; o < outer; o++)
          for (let j = 0; j < low.length; j++) {
            const a = (o * before + low[j]) * inner, b = (o * before + high[j]) * inner, t = share[j];
            if (t === 0) for (let i = 0; i < inner; i++) to[at++] = from[a + i];
            else for (let i = 0; i < inner; i++) to[at++] = (1 - t) * from[a + i] + t * from[b + i];
          }
      };
    };
  }

  onehot(step, _, out) {
    return () => {
      const from = this.view(step.in[0]), to = this.view(step.out), size = out.at(-1);
      return () => {
        to.fill(0);
        from.forEach((label, i) => (to[i * size + label] = 1));
      };
    };
  }

  embedding(step, [, table]) {
    return () => {
      const from = this.view(step.in[0]), rows = this.view(step.in[1]), to = this.view(step.out), size = table[1];
      return () => from.forEach((label, i) => to.set(rows.subarray(label * size, (label + 1) * size), i * size));
    };
  }
}

// Copies the maps [1, C, H, W] of `from` into larger ones, amid zeros: top and left of each there, and numbers in a row.
function copyPadded(from, copy, shape, [top, left], row) {
  const channels = shape[1], [height, width] = flat(shape);
  copy.fill(0);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) {
      const begin = (c * height + y) * width;
      copy.set(from.subarray(begin, begin + width), (c * (height + 2 * top) + y + top) * row + left);
    }
}

// Copies what each place of a kernel sees of some maps, from the `first` on: a row of `columns` numbers for each place.
function copyWindows(from, copy, shape, step, { first, maps, columns, after, wide }) {
  const { kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], dilation: [dh, dw] } = step, [height, width] = flat(shape);
  let at = 0;
  for (let c = first; c < first + maps; c++)
    for (let y = 0; y < kh; y++)
      for (let x = 0; x < kw; x++, at += columns)
        for (let i = 0, to = at; i < after; i++)
          for (let j = 0; j < wide; j++, to++) {
            const v = i * sh - ph + y * dh, u = j * sw - pw + x * dw;
            copy[to] = v >= 0 && v < height && u >= 0 && u < width ? from[(c * height + v) * width + u] : 0;
          }
}
