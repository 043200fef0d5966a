// What is done to each number, or to each pair of numbers, by itself: the functions of the steps `unary` and `binary`.

// The error function to 1.2e-7 (Numerical Recipes, section 6.2).
function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368];
  const r = t * Math.exp(-x * x - 1.26551223 + t * terms.reduce((sum, term) => term + t * sum, 0));
  return x >= 0 ? 1 - r : r - 1;
}

// Each function has a loop of its own, so that the browser compiles each by itself.
const mapped = (f) => () => (x, to, n) => {
  for (let i = 0; i < n; i++) to[i] = f(x[i]);
};

const UNARY = {
  relu: () => (x, to, n) => {
    for (let i = 0; i < n; i++) to[i] = x[i] > 0 ? x[i] : 0;
  },
  leaky: (slope) => (x, to, n) => {
    for (let i = 0; i < n; i++) to[i] = x[i] > 0 ? x[i] : slope * x[i];
  },
  clamp: (low, high) => (x, to, n) => {
    for (let i = 0; i < n; i++) to[i] = x[i] < low ? low : x[i] > high ? high : x[i];
  },
  square: () => (x, to, n) => {
    for (let i = 0; i < n; i++) to[i] = x[i] * x[i];
  },
  tanh: mapped(Math.tanh),
  sigmoid: mapped((x) => 1 / (1 + Math.exp(-x))),
  silu: mapped((x) => x / (1 + Math.exp(-x))),
  softplus: mapped((x) => (x > 20 ? x : Math.log1p(Math.exp(x)))),
  exp: mapped(Math.exp),
  log: mapped(Math.log),
  log1p: mapped(Math.log1p),
  sqrt: mapped(Math.sqrt),
  rsqrt: mapped((x) => 1 / Math.sqrt(x)),
  reciprocal: mapped((x) => 1 / x),
  neg: mapped((x) => -x),
  abs: mapped(Math.abs),
  sin: mapped(Math.sin),
  cos: mapped(Math.cos),
  erf: mapped(erf),
  floor: mapped(Math.floor),
  round: mapped((x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))), // a half to the even side
  sign: mapped(Math.sign),
  gelu: mapped((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  gelu_tanh: mapped((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  elu: (alpha, scale, inner) => mapped((x) => scale * (x > 0 ? x : alpha * Math.expm1(inner * x)))(),
  pow: (exponent) => mapped((x) => x ** exponent)(),
};

const paired = (f) => ({
  direct(x, y, to) {
    for (let i = 0; i < to.length; i++) to[i] = f(x[i], y[i]);
  },
  indexed(x, y, to, left, right) {
    for (let i = 0; i < to.length; i++) to[i] = f(x[left[i]], y[right[i]]);
  },
});

const BINARY = {
  add: {
    direct(x, y, to) {
      for (let i = 0; i < to.length; i++) to[i] = x[i] + y[i];
    },
    indexed(x, y, to, left, right) {
      for (let i = 0; i < to.length; i++) to[i] = x[left[i]] + y[right[i]];
    },
  },
  mul: {
    direct(x, y, to) {
      for (let i = 0; i < to.length; i++) to[i] = x[i] * y[i];
    },
    indexed(x, y, to, left, right) {
      for (let i = 0; i < to.length; i++) to[i] = x[left[i]] * y[right[i]];
    },
  },
  sub: paired((a, b) => a - b),
  div: paired((a, b) => a / b),
  max: paired(Math.max),
  min: paired(Math.min),
  gt: paired((a, b) => Number(a > b)),
  ge: paired((a, b) => Number(a >= b)),
  lt: paired((a, b) => Number(a < b)),
  le: paired((a, b) => Number(a <= b)),
  eq: paired((a, b) => Number(a === b)),
  ne: paired((a, b) => Number(a !== b)),
};
