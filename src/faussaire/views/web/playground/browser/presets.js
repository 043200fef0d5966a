// Settings: what may be chosen, what is taken where nothing is, and the experiments with good and bad ones.

const RATES = [0.0001, 0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1];
const CHOICES = {
  data: ["eight", "grid", "blob", "ring", "moons", "spiral", "drawn"],
  loss: Object.keys(LOSSES),
  penalty: Object.keys(PENALTY_SETS),
  optimizerG: ["adam", "sgd"],
};
// Sliders: their stops. A number in an address may lie between two of them.
const STOPS = {
  lrD: RATES,
  lrG: RATES,
  dSteps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  gSteps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  batch: [8, 16, 32, 64, 128, 256],
  gamma: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  beta1: [0, 0.2, 0.5, 0.8, 0.9],
  speed: [1, 5, 20, 60, 1000],
};
const WHOLE = ["dSteps", "gSteps", "batch", "speed", "seed"];
const MOST_SEED = 2147483647;
const FREE = ["seed", "speed"]; // may be changed in an experiment, and what its sentence says stays true
const DEFAULTS = {
  preset: "good", data: "eight", loss: "bce", penalty: "r1r2", gamma: 0.03, optimizerG: "adam", lrD: 0.01, lrG: 0.003,
  dSteps: 2, gSteps: 1, batch: 64, beta1: 0, seed: 1, speed: 60,
};
const PRESETS = {
  good: {},
  ring: { data: "ring", gamma: 0.1, lrD: 0.005, lrG: 0.001, dSteps: 3 },
  collapse: { penalty: "none", optimizerG: "sgd", lrD: 0.02, lrG: 0.01, dSteps: 10, beta1: 0.8 },
  swing: { data: "blob", penalty: "none", gamma: 1, lrD: 0.005, lrG: 0.01, dSteps: 1, beta1: 0.9 },
  strong: { loss: "saturating", penalty: "none", optimizerG: "sgd", lrD: 0.02, lrG: 0.0003, dSteps: 10, beta1: 0.5 },
};
const GOOD_PRESETS = ["good", "ring"];
