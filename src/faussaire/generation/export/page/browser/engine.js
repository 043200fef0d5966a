// The engine: unpacks the program, and makes samples in a worker, or on the page itself where there can be none.

// data: what document.py packs: program, places of the constants, and shape; packed: their bytes in base64.
function unpacked(data, packed, kernel) {
  const text = atob(packed), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const constants = new Map();
  for (const { number, at, count, half } of data.constants)
    constants.set(number, half ? halves(new Uint16Array(bytes.buffer, at, count)) : new Float32Array(bytes.buffer, at, count));
  return new Evaluator(data.program, constants, kernel && Uint8Array.from(atob(kernel), (letter) => letter.charCodeAt(0)));
}

// IEEE 754 halves as floats.
function halves(words) {
  const out = new Float32Array(words.length), bits = new Uint32Array(out.buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i], exponent = (word >> 10) & 31, fraction = word & 1023, sign = (word & 0x8000) << 16;
    if (exponent === 0) out[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    else bits[i] = sign | ((exponent + (exponent === 31 ? 224 : 112)) << 23) | (fraction << 13);
  }
  return out;
}

// Makes the samples of a request: floats [n · size], as the generator gives them.
function made(evaluator, { latents, truncation, labels }) {
  const size = evaluator.output.length, z = evaluator.z.length, count = latents.length / z, out = new Float32Array(count * size);
  for (let i = 0; i < count; i++)
    out.set(evaluator.evaluate(latents.subarray(i * z, (i + 1) * z), truncation, labels ? labels[i] : undefined), i * size);
  return out;
}

// What the worker does; its script is this file, the evaluator, and a call of this.
function work() {
  let evaluator = null;
  self.onmessage = ({ data }) => {
    try {
      if (data.packed) {
        evaluator = unpacked(data.data, data.packed, data.kernel);
        self.postMessage({ ready: true, fast: evaluator.fast });
      } else {
        const samples = made(evaluator, data);
        self.postMessage({ samples }, [samples.buffer]);
      }
    } catch (error) {
      self.postMessage({ failed: String(error) });
    }
  };
}

class Engine {
  // script: the text of the evaluator and of this file, for the worker.
  constructor(data, packed, kernel, script) {
    this.given = { data, packed, kernel };
    this.isReady = false;
    this.waiting = [];
    this.current = null;
    this.ready = new Promise((resolve, reject) => ((this.began = resolve), (this.gaveUp = reject)));
    this.ready.catch(() => {});
    try {
      const address = URL.createObjectURL(new Blob([script, "\nwork();"], { type: "text/javascript" }));
      this.worker = new Worker(address);
      this.worker.onmessage = ({ data: told }) => this.heard(told);
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.alone();
      };
      this.worker.postMessage(this.given);
    } catch {
      this.alone();
    }
  }

  // No worker here: everything is done on the page, a little at a time.
  alone() {
    this.worker?.terminate();
    this.worker = null;
    if (this.current) this.waiting.unshift(this.current);
    this.current = null;
    try {
      this.evaluator = unpacked(this.given.data, this.given.packed, this.given.kernel);
      this.heard({ ready: true, fast: this.evaluator.fast });
    } catch (error) {
      this.heard({ failed: String(error) });
    }
  }

  heard(told) {
    if (told.failed) {
      const reason = new Error(told.failed);
      this.gaveUp(reason);
      this.current?.reject(reason);
      for (const request of this.waiting.splice(0)) request.reject(reason);
    } else if (told.ready) {
      this.fast = told.fast;
      this.isReady = true;
      this.began();
    } else this.current?.resolve(told.samples);
    this.current = null;
    this.next();
  }

  // Makes samples of latents [n · z_dim] at one truncation and, where there are classes, of labels [n]; what is urgent
  // goes first.
  make(latents, truncation, labels, { urgent = false } = {}) {
    return new Promise((resolve, reject) => {
      this.waiting[urgent ? "unshift" : "push"]({ latents, truncation, labels, resolve, reject });
      this.next();
    });
  }

  next() {
    if (this.current || !this.isReady || !this.waiting.length) return;
    this.current = this.waiting.shift();
    this.send(this.current);
  }

  send({ latents, truncation, labels }) {
    if (this.worker) this.worker.postMessage({ latents, truncation, labels });
    else
      setTimeout(() => {
        try {
          this.heard({ samples: made(this.evaluator, { latents, truncation, labels }) });
        } catch (error) {
          this.heard({ failed: String(error) });
        }
      });
  }
}
