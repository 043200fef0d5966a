// Images [C, H, W] in [-1, 1], on an exported page.

const [CHANNELS, ROWS, COLUMNS] = FACTS.shape;

const KIND = {
  height: ROWS,
  width: COLUMNS,
  wall: { wide: [24, 16], narrow: [12, 25] }, // columns and rows of it
  files: [],

  draw(sample) {
    const image = new ImageData(COLUMNS, ROWS), area = ROWS * COLUMNS;
    for (let i = 0; i < area; i++)
      for (let c = 0; c < 4; c++) {
        const from = CHANNELS >= 3 ? c : c < 3 ? 0 : 3;
        image.data[4 * i + c] = from < CHANNELS ? Math.round(sample[from * area + i] * 127.5 + 127.5) : 255;
      }
    return image;
  },

  described: () => words("sample", { colour: words(`colour${CHANNELS}`), height: ROWS, width: COLUMNS }),
};
