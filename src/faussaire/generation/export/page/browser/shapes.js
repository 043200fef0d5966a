// Shapes of arrays, and where in them each number lies.

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
const stridesOf = (shape) => shape.map((_, axis) => product(shape.slice(axis + 1)));

// Height and width of a map [1, C, H, W], or of a row [1, C, L].
function flat(shape) {
  return shape.length === 4 ? shape.slice(2) : [1, shape[2]];
}

// Where in an array of `shape` each number of `out` comes from, when the shape is broadcast to it.
function indices(shape, out) {
  const padded = [...Array(out.length - shape.length).fill(1), ...shape], strides = stridesOf(padded);
  return walked(out, strides.map((stride, axis) => (padded[axis] === 1 ? 0 : stride)), 0);
}

// The places start + sum of index · stride, for every index of `shape`, the last axis fastest.
function walked(shape, strides, start) {
  let places = Int32Array.of(start);
  shape.forEach((size, axis) => {
    const next = new Int32Array(places.length * size);
    for (let i = 0, at = 0; i < places.length; i++)
      for (let j = 0; j < size; j++) next[at++] = places[i] + j * strides[axis];
    places = next;
  });
  return places;
}

// The place of the greatest number along an axis, the first of several.
function greatest(from, to, shape, axis) {
  const inner = product(shape.slice(axis + 1)), size = shape[axis];
  for (let i = 0; i < to.length; i++) {
    const at = Math.floor(i / inner) * size * inner + (i % inner);
    let best = 0;
    for (let j = 1; j < size; j++) if (from[at + j * inner] > from[at + best * inner]) best = j;
    to[i] = best;
  }
}
