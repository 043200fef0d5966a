// Be the discriminator: real samples, where the page has any, among some made on the spot.

const quiz = { questions: [], at: 0, running: false };

function realSamples() {
  const text = atob($("reals")?.textContent ?? "");
  return Array.from({ length: text.length / SIZE }, (_, i) => Float32Array.from({ length: SIZE }, (_, j) => text.charCodeAt(i * SIZE + j) / 127.5 - 1));
}

function shuffled(items) {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

async function beginRound() {
  const reals = shuffled(realSamples()), n = Math.min(20, reals.length);
  const truth = Array.from({ length: n }, () => Math.random() < 0.5);
  quiz.questions = [];
  for (const real of truth) {
    const sample = real ? reals.pop() : await sampleAt({ ...fresh(), ...still() });
    quiz.questions.push({ real, sample });
  }
  Object.assign(quiz, { at: 0, running: true });
  $("asking").hidden = false;
  $("result").hidden = $("begin").hidden = true;
  ask();
}

function ask() {
  paint($("asked"), pixels(quiz.questions[quiz.at].sample));
  wordQuestion();
  $("question").focus();
}

function wordQuestion() {
  if (!quiz.running) return;
  const values = { i: quiz.at + 1, n: quiz.questions.length };
  $("question").textContent = words("quiz_question", values);
  const read = KIND.read?.(quiz.questions[quiz.at].sample);
  $("asked").setAttribute("aria-label", [words("quiz_alt", values), read].filter(Boolean).join(": "));
}

function answer(real) {
  if (!quiz.running) return;
  quiz.questions[quiz.at].said = real;
  if (++quiz.at < quiz.questions.length) return ask();
  quiz.running = false;
  $("asking").hidden = true;
  $("result").hidden = $("begin").hidden = false;
  wordResult();
  $("score").focus();
}

// Wilson's interval of a share, at 95 %.
function wilson(successes, n) {
  const z2 = 1.959964 ** 2, share = successes / n, centre = (share + z2 / (2 * n)) / (1 + z2 / n);
  const half = Math.sqrt(z2 * ((share * (1 - share)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

function wordResult() {
  $("begin").textContent = words(quiz.at ? "quiz_again" : "quiz_begin");
  if (quiz.running || !quiz.at) return;
  const n = quiz.questions.length, right = quiz.questions.filter(({ real, said }) => real === said).length;
  const [low, high] = wilson(right, n).map(percent);
  $("score").textContent = words("quiz_score", { right, n });
  $("chance").textContent = words("quiz_chance", { share: percent(right / n), low, high });
  $("truth").replaceChildren(
    ...quiz.questions.map(({ real, said, sample }) => {
      const item = document.createElement("li"), canvas = document.createElement("canvas"), text = document.createElement("span");
      text.textContent = `${words(real ? "was_real" : "was_fake")}; ${words(real === said ? "you_right" : "you_wrong")}`;
      canvas.setAttribute("role", "presentation");
      item.classList.toggle("wrong", real !== said);
      paint(canvas, pixels(sample));
      item.append(canvas, text);
      return item;
    }),
  );
}

function beginQuiz() {
  if (!$("reals")) return;
  $("quiz").hidden = false;
  saying(() => (document.querySelector('[data-t="quiz_say"]').textContent = words("quiz_say", { n: Math.min(20, FACTS.num_reals) })));
  saying(wordQuestion);
  saying(wordResult);
  $("begin").addEventListener("click", () => beginRound().catch(report));
  $("asked-hear").addEventListener("click", () => hear(quiz.questions[quiz.at].sample).catch(report));
  $("real").addEventListener("click", () => answer(true));
  $("fake").addEventListener("click", () => answer(false));
  addEventListener("keydown", (event) => {
    if (!quiz.running || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input")) return;
    const key = event.key.toLowerCase();
    if (key === "r" || key === "f") answer(key === "r");
  });
}
