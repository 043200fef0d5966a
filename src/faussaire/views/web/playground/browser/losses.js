// What D and G minimise, as in models/losses.py under the same names, and the penalties of models/penalties.py.
// A loss gives, for one logit of a real and one of a fake, its value and its slope: D's to both, G's to the fake's.

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const zero = () => 0;
const midpoint = (real, fake) => (mean(real) + mean(fake)) / 2;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const LOSSES = {
  // Goodfellow et al. 2014 (arXiv 1406.2661), section 3: G maximises log D, which has a slope where D is sure.
  bce: {
    D: (r, f) => [softplus(-r) + softplus(f), -sigmoid(-r), sigmoid(f)],
    G: (r, f) => [softplus(-f), -sigmoid(-f)],
    boundary: zero,
    formulas: ["softplus(−r) + softplus(f)", "softplus(−f)"],
  },
  // The same paper, equation 1, as it stands: G minimises log(1 − D), which is flat where D is sure. Only here, to be seen.
  saturating: {
    D: (r, f) => [softplus(-r) + softplus(f), -sigmoid(-r), sigmoid(f)],
    G: (r, f) => [-softplus(f), -sigmoid(f)],
    boundary: zero,
    formulas: ["softplus(−r) + softplus(f)", "−softplus(f)"],
  },
  relativistic: {
    D: (r, f) => [softplus(f - r), -sigmoid(f - r), sigmoid(f - r)],
    G: (r, f) => [softplus(r - f), -sigmoid(r - f)],
    boundary: midpoint,
    paired: true,
    formulas: ["softplus(f − r)", "softplus(r − f)"],
  },
  hinge: {
    D: (r, f) => [Math.max(0, 1 - r) + Math.max(0, 1 + f), r < 1 ? -1 : 0, f > -1 ? 1 : 0],
    G: (r, f) => [-f, -1],
    boundary: zero,
    formulas: ["max(0, 1 − r) + max(0, 1 + f)", "−f"],
  },
  lsgan: {
    D: (r, f) => [0.5 * (r - 1) ** 2 + 0.5 * f ** 2, r - 1, f],
    G: (r, f) => [0.5 * (f - 1) ** 2, f - 1],
    boundary: () => 0.5,
    formulas: ["½ (r − 1)² + ½ f²", "½ (f − 1)²"],
  },
  wasserstein: {
    D: (r, f) => [f - r, -1, 1],
    G: (r, f) => [-f, -1],
    boundary: midpoint,
    formulas: ["f − r", "−f"],
  },
};

// Each looks at some points; of the squared slope there it gives its value and its derivative.
const half = (square) => [0.5 * square, 0.5];
const toOne = (square) => {
  const norm = Math.sqrt(square + 1e-12);
  return [(norm - 1) ** 2, (norm - 1) / norm];
};
const PENALTIES = {
  r1: { at: (real) => real, of: half },
  r2: { at: (real, fake) => fake, of: half },
  wgan_gp: { at: (real, fake, shares) => real.map((value, i) => value + shares[i >> 1] * (fake[i] - value)), of: toOne },
};
const PENALTY_SETS = { none: [], r1r2: ["r1", "r2"], wgan_gp: ["wgan_gp"] };
