// The game itself (Goodfellow et al. 2014, arXiv 1406.2661, algorithm 1), as in training/trainer.py, on points of the plane.

const Z = 2, WIDTHS_G = [Z, 32, 32, 2], WIDTHS_D = [2, 32, 32, 1];
const BETA2 = 0.99;
const KNOT = 0.1;
const WATCHED = 128; // points of each kind that are shown, always of the same latents
const COUNTED = 512; // fakes by which coverage is counted

class Game {
  // `settings`: seed, loss, penalty, gamma, lrD, lrG, dSteps, gSteps, batch, beta1. They may change between steps.
  constructor(settings, distribution) {
    this.settings = settings;
    this.distribution = distribution;
    this.G = new Network(WIDTHS_G, settings.seed, "init G");
    const { weight } = this.G.layers.at(-1);
    for (let i = 0; i < weight.length; i++) weight[i] *= KNOT; // fakes begin as a small cloud in the middle
    this.D = new Network(WIDTHS_D, settings.seed, "init D");
    this.stepsD = this.stepsG = this.rounds = 0;
  }

  // Steps 1 and 2, as often as the settings say: one round.
  round() {
    const told = {};
    for (let i = 0; i < this.settings.dSteps; i++) Object.assign(told, this.trainD());
    for (let i = 0; i < this.settings.gSteps; i++) Object.assign(told, this.trainG());
    this.rounds += 1;
    return told;
  }

  // 1. Discriminator: tell real from fake, the generator fixed.
  trainD() {
    const { batch, lrD, beta1 } = this.settings, position = this.stepsD++;
    const real = this.reals(batch, "real", position), fake = this.G.output(this.latents(batch, "D", position), batch);
    const { loss, penalty, accuracyReal, accuracyFake } = this.gradientsD(real, fake, this.shares(batch, position));
    this.D.adam(lrD, [beta1, BETA2]);
    return { lossD: loss, penalty, accuracyReal, accuracyFake };
  }

  // 2. Generator: make fakes that the discriminator takes for real, the discriminator fixed.
  trainG() {
    const { batch, lrG, beta1, optimizerG } = this.settings, position = this.stepsG++;
    const { loss } = this.gradientsG(this.latents(batch, "G", position), this.reals(batch, "real of G", position));
    if (optimizerG === "sgd") this.G.descend(lrG);
    else this.G.adam(lrG, [beta1, BETA2]);
    return { lossG: loss };
  }

  // Leave the gradients of D's loss in D; say what it was, and how often D was right before it learnt.
  gradientsD(real, fake, shares) {
    const n = real.length / 2, { loss, penalty, gamma } = this.settings;
    const made = this.D.forward(joined(real, fake), 2 * n), logits = made.at(-1);
    const [r, f] = [logits.subarray(0, n), logits.subarray(n)], slopes = new Float64Array(2 * n);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const [value, slopeReal, slopeFake] = LOSSES[loss].D(r[i], f[i]);
      sum += value / n;
      slopes[i] = slopeReal / n;
      slopes[n + i] = slopeFake / n;
    }
    const boundary = LOSSES[loss].boundary(r, f);
    const right = (values, real) => mean(Array.from(values, (value) => Number(real ? value > boundary : value < boundary)));
    const told = { loss: sum, accuracyReal: right(r, true), accuracyFake: right(f, false) };
    this.D.zeroGradients();
    this.D.backward(made, slopes, 2 * n);
    const penalties = PENALTY_SETS[penalty].map((name) => this.penalise(PENALTIES[name], real, fake, shares, gamma));
    return { ...told, penalty: penalties.reduce((a, b) => a + b, 0) };
  }

  // Add the gradients of a penalty on D's slope; return the penalty itself, before gamma.
  penalise({ at, of }, real, fake, shares, gamma) {
    const points = at(real, fake, shares), n = points.length / 2;
    const made = this.D.forward(points, n);
    const slopes = this.D.backward(made, new Float64Array(n).fill(1), n, { learn: false });
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const [value, derivative] = of(slopes[2 * i] ** 2 + slopes[2 * i + 1] ** 2);
      sum += value / n;
      for (const j of [2 * i, 2 * i + 1]) slopes[j] *= (2 * derivative * gamma) / n; // d|s|² = 2 s · ds
    }
    this.D.backwardSlope(made, slopes, n);
    return sum;
  }

  // Leave the gradients of G's loss in G, D as it is; return the loss.
  gradientsG(z, real) {
    const n = z.length / Z, made = this.G.forward(z, n);
    const { loss, slopes } = this.pull(made.at(-1), real);
    for (let i = 0; i < slopes.length; i++) slopes[i] /= n;
    this.G.zeroGradients();
    this.G.backward(made, slopes, n);
    return { loss };
  }

  // The gradient ∂L_G/∂x at each fake [n × 2]; G learns to move its fakes the other way.
  pull(fake, real) {
    const n = fake.length / 2, made = this.D.forward(fake, n), f = made.at(-1), rule = LOSSES[this.settings.loss];
    const r = rule.paired ? this.D.output(real, real.length / 2) : f, slopes = new Float64Array(n); // other losses do not look at reals
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const [value, slope] = rule.G(r[i], f[i]);
      loss += value / n;
      slopes[i] = slope;
    }
    return { loss, slopes: this.D.backward(made, slopes, n, { learn: false }) };
  }

  reals(count, stream, position) {
    return drawReals(this.distribution, count, this.settings.seed, stream, position);
  }

  latents(count, stream, position) {
    return Float64Array.from(normals(seedFor(this.settings.seed, stream, position)[0], 0, Z * count));
  }

  shares(count, position) {
    if (this.settings.penalty !== "wgan_gp") return null;
    const twister = new Twister(seedFor(this.settings.seed, "penalty", position)[0]);
    return Float64Array.from({ length: count }, () => twister.next() / 4294967296);
  }

  // What is shown: the same latents and reals each time, the arrow of each fake, and where D draws its line.
  look() {
    const real = this.reals(WATCHED, "shown", 0), fake = this.G.output(this.latents(WATCHED, "shown", 0), WATCHED);
    const arrows = this.pull(fake, real).slopes.map((slope) => -slope);
    const boundary = LOSSES[this.settings.loss].boundary(this.D.output(real, real.length / 2), this.D.output(fake, WATCHED));
    return { real, fake, arrows, boundary };
  }

  // How far the fakes are from the goal.
  count() {
    return coverage(this.distribution, this.G.output(this.latents(COUNTED, "counted", 0), COUNTED));
  }
}

function joined(a, b) {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
