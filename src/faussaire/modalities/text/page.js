// Lines [V, L] of letters, on an exported page: the letter with the largest number at each place, to the first end.

const [LETTERS, LENGTH] = FACTS.shape;
const LETTER_SIZE = 24, LETTER_WIDTH = 14, LINE_HEIGHT = 40, LINE_MARGIN = 10; // pixels

function lineOf(sample) {
  let line = "";
  for (let place = 0; place < LENGTH; place++) {
    let best = 0;
    for (let letter = 1; letter < LETTERS; letter++) if (sample[letter * LENGTH + place] > sample[best * LENGTH + place]) best = letter;
    if (best === 0) break;
    line += FACTS.sample.alphabet[best - 1];
  }
  return line;
}

const KIND = {
  height: LINE_HEIGHT,
  width: LENGTH * LETTER_WIDTH + 2 * LINE_MARGIN,
  wall: { wide: [4, 40], narrow: [2, 40] },
  files: [{ suffix: ".txt", type: "text/plain;charset=utf-8", bytes: (sample) => new TextEncoder().encode(`${lineOf(sample)}\n`) }],
  read: lineOf,

  draw(sample) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [KIND.width, KIND.height];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#1f2529";
    context.font = `${LETTER_SIZE}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillText(lineOf(sample), LINE_MARGIN, LINE_HEIGHT / 2, canvas.width - 2 * LINE_MARGIN);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  },

  described: () => words("sample", { letters: whole(LETTERS - 1), length: whole(LENGTH) }),
};
