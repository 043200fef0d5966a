// The plane: what D believes as colours, real points as dots, fakes as diamonds, and the arrow of each.

const CELLS = 44; // of the coloured map, each way
const ARROW = 0.3; // length of an arrow of slope 1, in units of the plane
const LONGEST = 0.35;
const SHADES = 128;

class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.map = Object.assign(document.createElement("canvas"), { width: CELLS, height: CELLS });
    this.centres = new Float64Array(2 * CELLS * CELLS);
    for (let i = 0; i < CELLS * CELLS; i++) {
      this.centres[2 * i] = SQUARE * ((2 * ((i % CELLS) + 0.5)) / CELLS - 1);
      this.centres[2 * i + 1] = SQUARE * (1 - (2 * (Math.floor(i / CELLS) + 0.5)) / CELLS);
    }
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const rgb = (name) => style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/g).map((part) => parseInt(part, 16));
    const [paper, real, fake] = ["--card", "--real", "--fake"].map(rgb);
    this.colours = Object.fromEntries(["real", "fake", "gradient", "card", "ink", "quiet"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.shades = Array.from({ length: SHADES + 1 }, (_, k) => {
      const belief = (2 * k) / SHADES - 1, end = belief > 0 ? real : fake, share = 0.5 * Math.abs(belief);
      return paper.map((value, c) => value + share * (end[c] - value));
    });
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
    const logits = D.output(this.centres, CELLS * CELLS), image = new ImageData(CELLS, CELLS);
    for (let i = 0; i < logits.length; i++) {
      const belief = sigmoid(logits[i] - boundary), shade = this.shades[Math.round(SHADES * (belief >= 0 ? belief : 0.5))];
      image.data[4 * i] = shade[0];
      image.data[4 * i + 1] = shade[1];
      image.data[4 * i + 2] = shade[2];
      image.data[4 * i + 3] = 255;
    }
    this.map.getContext("2d").putImageData(image, 0, 0);
    context.save();
    context.scale(1, -1);
    context.imageSmoothingEnabled = true;
    context.drawImage(this.map, -SQUARE, -SQUARE, 2 * SQUARE, 2 * SQUARE);
    context.restore();
  }

  drawReals(context, real) {
    context.fillStyle = this.colours.real;
    context.strokeStyle = this.colours.card;
    context.lineWidth = this.pixel;
    const radius = 3.6 * this.pixel;
    for (let i = 0; i < real.length; i += 2) {
      context.beginPath();
      context.arc(real[i], real[i + 1], radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    }
  }

  drawFakes(context, fake) {
    context.fillStyle = this.colours.fake;
    context.strokeStyle = this.colours.card;
    context.lineWidth = this.pixel;
    const half = 5 * this.pixel;
    for (let i = 0; i < fake.length; i += 2) {
      const [x, y] = [inside(fake[i]), inside(fake[i + 1])];
      context.beginPath();
      context.moveTo(x - half, y);
      context.lineTo(x, y + half);
      context.lineTo(x + half, y);
      context.lineTo(x, y - half);
      context.closePath();
      context.fill();
      context.stroke();
    }
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

// What has left the plane is shown at its edge.
const inside = (value) => Math.max(-0.985 * SQUARE, Math.min(0.985 * SQUARE, value));
