// Two curves as SVG, in the colours of the style sheet: how often D is right, and both losses.

const CURVES = {
  accuracy: { lines: [["accuracyReal", "real"], ["accuracyFake", "fake"]], ends: () => [0, 1], label: percent, mark: 0.5 },
  losses: { lines: [["lossD", "real"], ["lossG", "fake"]], ends: endsOf, label: number, mark: null },
};

// Around all the values but for the wildest.
function endsOf(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [Math.min(0, at(0.02)), Math.max(at(0.98), at(0.02) + 0.1)];
  return [low, high];
}

function drawCurves(story) {
  for (const [name, { lines, ends, label, mark }] of Object.entries(CURVES)) {
    const [low, high] = ends(lines.flatMap(([key]) => story.curves[key]));
    const height = (value) => 100 * (1 - Math.max(0, Math.min(1, (value - low) / (high - low))));
    lines.forEach(([key], k) => {
      const values = story.curves[key], last = Math.max(1, values.length - 1);
      const points = values.map((value, i) => `${((100 * i) / last).toFixed(2)},${height(value).toFixed(2)}`);
      $(`${name}-${k}`).setAttribute("points", points.join(" "));
    });
    if (mark !== null) for (const end of ["y1", "y2"]) $(`${name}-mark`).setAttribute(end, height(mark));
    tell($(`${name}-high`), label(high));
    tell($(`${name}-low`), label(low));
  }
}
