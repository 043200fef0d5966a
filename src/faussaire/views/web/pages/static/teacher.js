// The page of the teacher: everyone's run, the board, the door, and forgetting.
import { ask, at, complain, element, followBoard, showBoard, showTiles } from "./classroom.js";
import { fill, tell, texts, whole } from "./words.js";

const t = texts.room;
const projector = document.body.classList.contains("projector");

function show(board) {
  const line = board.runs.filter((run) => run.state === "waiting").length;
  tell(at("counts"), fill(t.counts, { pupils: whole(board.pupils.length), answers: whole(board.answers), votes: whole(board.votes), line: whole(line) }));
  at("no-runs").hidden = board.runs.length > 0;
  showTiles(at("tiles"), board, board.runs);
  showBoard(board, null);
  if (!projector) offerOut(board);
}

/** Put a button beside each pupil that sends this one out. */
function offerOut(board) {
  for (const item of at("seers").children) {
    const pupil = board.pupils.find((one) => String(one.id) === item.dataset.key);
    let button = item.querySelector("button");
    if (!button) {
      button = element("button", "link", t.out);
      button.type = "button";
      button.addEventListener("click", () => sendOut(item.dataset.key, button));
      item.append(button);
    }
    button.setAttribute("aria-label", fill(t.out_name, { name: pupil.name }));
  }
}

async function sendOut(id, button) {
  if (button.dataset.sure !== "yes") { // the first click asks
    button.dataset.sure = "yes";
    button.textContent = t.out_sure;
    setTimeout(() => { button.dataset.sure = ""; button.textContent = t.out; }, 4000);
    return;
  }
  const { answer, content } = await ask(`/teacher/out/${id}`, {});
  complain(answer?.ok ? "" : content.detail);
}

function showDoor(open) {
  at("door").dataset.open = open;
  at("door").textContent = open ? t.close_door : t.open_door;
}

async function turnDoor() {
  const { answer, content } = await ask("/teacher/door", { open: at("door").dataset.open !== "true" });
  if (answer?.ok) showDoor(content.open);
  complain(answer?.ok ? "" : content.detail);
}

async function forget() {
  if (at("forget-dialog").returnValue !== "forget") return;
  const { answer, content } = await ask("/teacher/forget", {});
  complain(answer?.ok ? "" : content.detail);
  if (answer?.ok) showDoor(true);
}

if (!projector) {
  showDoor(at("door").dataset.open === "true");
  at("door").addEventListener("click", turnDoor);
  at("forget").addEventListener("click", () => at("forget-dialog").showModal());
  at("forget-dialog").addEventListener("close", forget);
}
followBoard(show, () => location.reload());
