// Drawing one's own real points on the plane, by mouse, finger or keyboard.

const STEP = 0.1; // of the cursor
const GAP = 0.07; // between two points of a stroke
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

// `play.add(point)` takes a point; `play.cursor` is where the keyboard is, or null.
function beginDrawing(play, picture) {
  const plane = $("plane");
  let before = null;
  const dot = (event) => {
    const point = picture.at(event);
    if (before && distance(point, before) < GAP) return;
    // A quick hand leaves gaps: what lies between is drawn, too.
    const from = before ?? point, dots = Math.max(1, Math.floor(distance(point, from) / GAP));
    for (let k = 1; k <= dots; k++) play.add(from.map((value, axis) => value + ((point[axis] - value) * k) / dots));
    before = point;
  };
  plane.addEventListener("pointerdown", (event) => {
    if (play.settings.data !== "drawn" || event.button !== 0) return;
    plane.setPointerCapture(event.pointerId);
    dot(event);
  });
  plane.addEventListener("pointermove", (event) => before && dot(event));
  for (const end of ["pointerup", "pointercancel"]) plane.addEventListener(end, () => (before = null));
  plane.addEventListener("keydown", (event) => {
    if (play.settings.data !== "drawn") return;
    const move = MOVES[event.key];
    if (move) play.cursor = (play.cursor ?? [0, 0]).map((value, axis) => Math.max(-SQUARE, Math.min(SQUARE, value + move[axis])));
    else if (event.key === " " || event.key === "Enter") play.add((play.cursor ??= [0, 0]));
    else return;
    event.preventDefault();
    event.stopPropagation();
    play.show();
  });
  const moveTo = (cursor) => {
    play.cursor = cursor;
    play.show();
  };
  plane.addEventListener("focus", () => plane.matches(":focus-visible") && play.settings.data === "drawn" && moveTo([0, 0]));
  plane.addEventListener("blur", () => moveTo(null));
  $("clear").addEventListener("click", () => play.clear());
}
