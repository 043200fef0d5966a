// The plane: what D believes as colours, real points as dots, fakes as diamonds, and the arrow of each.

const CELLS = [44, 30, 20]; // of the coloured map, each way: as fine as the device has time for
const SLOW_MS = 8; // a picture that takes longer makes the map coarser
const QUICK_MS = 2; // one that takes less makes it finer
const ARROW = 0.3; // length of an arrow of slope 1, in units of the plane
const LONGEST = 0.35;
const SHADES = 128;

class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.maps = CELLS.map((cells) => new BeliefMap(cells));
    this.fineness = 0; // which of the maps is drawn
    this.cost = (SLOW_MS + QUICK_MS) / 2; // milliseconds of a picture, on the average of the last ones
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const rgb = (name) => style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
    const [paper, real, fake] = ["--card", "--real", "--fake"].map(rgb);
    this.colours = Object.fromEntries(["real", "fake", "gradient", "card", "ink", "quiet"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.shades = Uint32Array.from({ length: SHADES + 1 }, (_, k) => {
      const belief = (2 * k) / SHADES - 1, end = belief > 0 ? real : fake, share = 0.5 * Math.abs(belief);
      return packedColour(paper.map((value, c) => Math.round(value + share * (end[c] - value))));
    });
  }

  // Draws, and minds how long it takes, so that a slow device shows a coarser map rather than fewer pictures.
  drawInTime(game, layers, cursor) {
    const began = performance.now();
    this.draw(game, layers, cursor);
    this.cost += 0.1 * (performance.now() - began - this.cost);
    const finer = this.cost > SLOW_MS ? this.fineness + 1 : this.cost < QUICK_MS ? this.fineness - 1 : this.fineness;
    if (finer === this.fineness || !(finer in CELLS)) return;
    this.fineness = finer;
    this.cost = (SLOW_MS + QUICK_MS) / 2; // measured anew
  }

  // Draws a game; `layers` says which of map, real, fake and arrows, `cursor` is where the keyboard draws, or null.
  draw(game, layers, cursor) {
    const side = Math.round(this.canvas.clientWidth * Math.min(2, devicePixelRatio || 1));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext("2d"), scale = side / (2 * SQUARE);
    context.setTransform(scale, 0, 0, -scale, side / 2, side / 2); // from here on in units of the plane
    this.pixel = (side / this.canvas.clientWidth) / scale;
    const { real, fake, arrows, boundary } = game.look();
    if (layers.map) this.drawMap(context, game.D, boundary);
    else {
      context.fillStyle = this.colours.card;
      context.fillRect(-SQUARE, -SQUARE, 2 * SQUARE, 2 * SQUARE);
    }
    if (layers.real) this.drawReals(context, real);
    if (layers.arrows) this.drawArrows(context, fake, arrows);
    if (layers.fake) this.drawFakes(context, fake);
    if (cursor) this.drawCursor(context, cursor);
  }

  drawMap(context, D, boundary) {
    context.save();
    context.scale(1, -1);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.maps[this.fineness].painted(D, boundary, this.shades), -SQUARE, -SQUARE, 2 * SQUARE, 2 * SQUARE);
    context.restore();
  }

  drawReals(context, real) {
    const radius = 3.6 * this.pixel;
    this.drawMarks(context, real, this.colours.real, (x, y) => {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    });
  }

  drawFakes(context, fake) {
    const half = 5 * this.pixel;
    this.drawMarks(context, fake, this.colours.fake, (x, y) => {
      context.moveTo(x - half, y);
      context.lineTo(x, y + half);
      context.lineTo(x + half, y);
      context.lineTo(x, y - half);
      context.closePath();
    });
  }

  // All marks of a kind as one path, which is far cheaper than a path each; a rim of the paper's colour lies under them.
  drawMarks(context, points, colour, trace) {
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) trace(inside(points[i]), inside(points[i + 1]));
    context.strokeStyle = this.colours.card;
    context.lineWidth = 2 * this.pixel;
    context.stroke();
    context.fillStyle = colour;
    context.fill();
  }

  drawArrows(context, fake, arrows) {
    context.strokeStyle = this.colours.gradient;
    context.lineWidth = 1.6 * this.pixel;
    context.beginPath();
    for (let i = 0; i < fake.length; i += 2) {
      const slope = Math.hypot(arrows[i], arrows[i + 1]);
      if (!(ARROW * slope > 2 * this.pixel)) continue;
      const length = Math.min(LONGEST, ARROW * slope), [dx, dy] = [arrows[i] / slope, arrows[i + 1] / slope];
      const [x, y] = [inside(fake[i]), inside(fake[i + 1])], [endX, endY] = [x + length * dx, y + length * dy], head = Math.min(0.4 * length, 6 * this.pixel);
      context.moveTo(x, y);
      context.lineTo(endX, endY);
      context.lineTo(endX - head * (dx + 0.6 * dy), endY - head * (dy - 0.6 * dx));
      context.moveTo(endX, endY);
      context.lineTo(endX - head * (dx - 0.6 * dy), endY - head * (dy + 0.6 * dx));
    }
    context.stroke();
  }

  drawCursor(context, [x, y]) {
    context.strokeStyle = this.colours.ink;
    context.lineWidth = 2 * this.pixel;
    context.beginPath();
    context.moveTo(x - 0.1, y);
    context.lineTo(x + 0.1, y);
    context.moveTo(x, y - 0.1);
    context.lineTo(x, y + 0.1);
    context.stroke();
  }

  // The point of the plane under the pointer.
  at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [SQUARE * ((2 * (clientX - box.left)) / box.width - 1), SQUARE * (1 - (2 * (clientY - box.top)) / box.height)];
  }
}

// What D believes of the middles of square cells, as an image of one pixel each.
class BeliefMap {
  constructor(cells) {
    this.canvas = Object.assign(document.createElement("canvas"), { width: cells, height: cells });
    this.context = this.canvas.getContext("2d");
    this.image = this.context.createImageData(cells, cells);
    this.pixels = new Uint32Array(this.image.data.buffer);
    const middle = (k) => SQUARE * ((2 * (k + 0.5)) / cells - 1);
    this.middles = Float64Array.from({ length: 2 * cells * cells }, (_, i) => (i % 2 ? -middle(Math.floor(i / 2 / cells)) : middle((i / 2) % cells)));
  }

  painted(D, boundary, shades) {
    const logits = D.output(this.middles, this.pixels.length);
    for (let i = 0; i < logits.length; i++) {
      const belief = sigmoid(logits[i] - boundary);
      this.pixels[i] = shades[Math.round(SHADES * (belief >= 0 ? belief : 0.5))];
    }
    this.context.putImageData(this.image, 0, 0);
    return this.canvas;
  }
}

// A colour as the bytes of an opaque pixel, in whatever order this device keeps those of a number.
const packedColour = (rgb) => new Uint32Array(Uint8Array.of(...rgb, 255).buffer)[0];

// What has left the plane is shown at its edge.
const inside = (value) => Math.max(-0.985 * SQUARE, Math.min(0.985 * SQUARE, value));
