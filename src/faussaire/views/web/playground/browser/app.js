// The page: what is chosen, the game that follows from it, and the loop that plays and shows it.

const FRAME_MS = 30; // between two pictures at most: a little more than thirty a second
const [LEAST_MS, MOST_MS] = [2, 24]; // of each, for the game
const STILL_MS = 1000; // between two pictures, for who wants less motion
const WORDS_MS = 250; // between two changes of the figures
const [MOST_NAMED, LONGEST_PART] = [6, 40]; // of the parts of an address that are not possible
const KEYS_OF = { 1: "step-D", 2: "step-G", 3: "step-round", r: "run", 0: "restart" };
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const play = {
  settings: DEFAULTS, drawn: [], cursor: null, running: false, game: null, story: null,
  layers: { map: true, real: true, fake: true, arrows: true },

  // Takes settings, and what was drawn, and begins anew.
  load({ settings, drawn }) {
    Object.assign(this, { settings, drawn });
    this.restart();
  },

  // An experiment: its settings, new networks of the same seed, and off it goes.
  begin(preset) {
    const { seed, speed } = this.settings;
    this.load({ settings: { ...settingsOf(preset), seed, speed }, drawn: this.drawn });
    this.run(true);
  },

  restart() {
    this.game = new Game(this.settings, distributionOf(this.settings.data, this.drawn));
    this.story = new Story();
    if (!this.ready) this.run(false);
    if (this.ready) this.story.look(this.game);
    this.changed();
  },

  // Takes a change of settings; other data or another seed begin anew, the rest goes on with the networks as they are.
  choose(change) {
    const own = Object.keys(change).some((name) => !FREE.includes(name));
    this.settings = { ...this.settings, ...change, ...(own ? { preset: "own" } : {}) };
    this.game.settings = this.settings;
    if ("data" in change || "seed" in change) this.restart();
    else this.changed();
  },

  add(point) {
    if (this.drawn.length >= MOST_DRAWN) return;
    const first = !this.drawn.length;
    this.drawn = [...this.drawn, kept(point)];
    this.game.distribution = distributionOf("drawn", this.drawn);
    if (first) this.story.look(this.game);
    this.changed();
  },

  clear() {
    this.drawn = [];
    this.restart();
  },

  get ready() {
    return this.settings.data !== "drawn" || this.drawn.length > 0;
  },

  step(name) {
    if (!this.ready) return;
    this.run(false);
    if (name === "round") this.rounds(1);
    else this.story.take(name === "D" ? this.game.trainD() : this.game.trainG());
    this.story.look(this.game);
    this.show();
  },

  rounds(count) {
    for (let i = 0; i < count; i++) {
      this.story.take(this.game.round());
      if (this.game.rounds % LOOK_EVERY === 0) this.story.look(this.game);
    }
  },

  run(on) {
    if (on === this.running || (on && !this.ready)) return;
    this.running = on;
    tell($("run"), words(on ? "controls.pause" : "controls.run"));
    document.body.dataset.running = on;
    if (on) pace.begin();
    else this.show();
  },

  changed() {
    const fragment = fragmentOf(this.settings, this.drawn);
    history.replaceState(null, "", fragment === "#" ? location.pathname + location.search : fragment);
    showControls(this);
    this.show();
  },

  show() {
    if (picture) picture.draw(this.game, this.layers, this.cursor);
    showFigures(this);
  },
};

// The loop: as many rounds a second as are asked for, as far as thirty pictures a second leave time for them. How much
// time that is shows in how late the pictures come: whatever else this device has to do is counted so, too.
const pace = {
  begin() {
    const loop = {}; // of this beginning: one that was paused and begun again within a picture would go on, too
    Object.assign(this, { loop, owed: 0, before: performance.now(), drawn: 0, worded: 0, between: FRAME_MS, forGame: 8, left: 0 });
    requestAnimationFrame((now) => this.frame(now, loop));
  },

  frame(now, loop) {
    if (!play.running || loop !== this.loop) return;
    const passed = Math.min(200, now - this.before), { speed } = play.settings;
    this.before = now;
    this.between += 0.2 * (passed - this.between);
    this.forGame = Math.max(LEAST_MS, Math.min(MOST_MS - picture.cost, this.forGame * (this.between > FRAME_MS ? 0.9 : 1.05)));
    this.owed = Math.min(this.owed + (speed * passed) / 1000, speed);
    // A round that took longer than there was time for is paid for by the next pictures.
    this.left = Math.min(this.left, 0) + this.forGame;
    for (; this.owed >= 1 && this.left > 0; this.owed--) {
      const began = performance.now();
      play.rounds(1);
      this.left -= performance.now() - began;
    }
    if (!calm.matches || now - this.drawn > STILL_MS) this.draw(now);
    if (play.ready) requestAnimationFrame((next) => this.frame(next, loop));
  },

  draw(now) {
    picture.drawInTime(play.game, play.layers, play.cursor);
    this.drawn = now;
    document.body.dataset.frames = Number(document.body.dataset.frames ?? 0) + 1;
    if (now - this.worded <= (calm.matches ? 0 : WORDS_MS)) return;
    showFigures(play);
    this.worded = now;
  },
};

function showFigures({ game, story, settings, ready }) {
  const now = story.now(), verdict = ready ? story.verdict(game) : "empty", accuracy = story.accuracy();
  tell($("rounds"), number(game.rounds, {}));
  tell($("covered"), now ? words("figures.covered_of", { n: now.covered, of: now.of }) : "…");
  tell($("on-data"), now ? percent(now.onData) : "…");
  tell($("accuracy"), accuracy === null ? "…" : percent(accuracy));
  $("accuracy-bar").style.width = `${100 * (accuracy ?? 0)}%`;
  tell($("loss-D"), number(story.recent("lossD")));
  tell($("loss-G"), number(story.recent("lossG")));
  tell($("verdict"), words(`verdicts.${verdict}`));
  $("verdict").className = `verdict ${verdict === "good" ? "good" : ["strong", "swing", "collapse", "broken"].includes(verdict) ? "bad" : ""}`;
  document.body.dataset.verdict = verdict;
  for (const id of ["run", "step-D", "step-G", "step-round"]) $(id).disabled = !ready;
  $("plane").setAttribute("aria-label", words("plane.alt", {
    data: words(`data.${settings.data}`), n: now?.covered ?? 0, of: now?.of ?? 0, share: now ? percent(now.onData) : "…",
  }));
  drawCurves(story);
}

function beginPage() {
  offerLanguages();
  beginControls(play);
  beginDrawing(play, picture);
  for (const name of Object.keys(play.layers))
    $(`layer-${name}`).addEventListener("change", (event) => {
      play.layers[name] = event.target.checked;
      play.show();
    });
  $("step-D").addEventListener("click", () => play.step("D"));
  $("step-G").addEventListener("click", () => play.step("G"));
  $("step-round").addEventListener("click", () => play.step("round"));
  $("run").addEventListener("click", () => play.run(!play.running));
  $("restart").addEventListener("click", () => play.restart());
  $("share").addEventListener("click", share);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input[type=text]")) return;
    if (KEYS_OF[event.key]) $(KEYS_OF[event.key]).click();
  });
  calm.addEventListener("change", showCalm);
  showCalm();
  addEventListener("hashchange", open);
  addEventListener("resize", () => play.show());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    picture.readColours();
    play.show();
  });
  open();
  saying(() => {
    showControls(play);
    showFigures(play);
    tell($("run"), words(play.running ? "controls.pause" : "controls.run"));
  });
  speak(language);
  document.body.classList.add("ready");
}

// Takes the state that the address holds.
function open() {
  const state = stateOf(location.hash);
  play.run(false);
  play.load(state);
  sayWrong(state.wrong);
}

const showCalm = () => ($("calm").hidden = !calm.matches);

// Says which parts of the address were left out, the first few of them by name.
function sayWrong(wrong) {
  const named = wrong.slice(0, MOST_NAMED).map((part) => (part.length > LONGEST_PART ? `${part.slice(0, LONGEST_PART)}…` : part));
  $("trouble").hidden = !wrong.length;
  $("trouble").textContent = wrong.length ? words("page.wrong", { parts: [...named, ...(wrong.length > MOST_NAMED ? ["…"] : [])].join(", ") }) : "";
}

async function share() {
  try {
    await navigator.clipboard.writeText(location.href);
    tell($("shared"), words("controls.copied"));
  } catch {
    tell($("shared"), words("controls.not_copied"));
  }
}

const picture = new Picture($("plane"));
// For programs: faussaire.play.rounds(300), faussaire.play.game, faussaire.play.story.
globalThis.faussaire = { play, Game, Network, Story, LOSSES, PENALTIES, PRESETS, DEFAULTS, distributionOf, stateOf, fragmentOf };
beginPage();
