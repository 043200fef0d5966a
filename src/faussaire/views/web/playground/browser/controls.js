// The settings as one can move them: sliders with stops, lists, and the buttons of the experiments.

// `play` is told what was chosen, and asked what is so.
function beginControls(play) {
  for (const [name, stops] of Object.entries(STOPS)) {
    const slider = $(name);
    Object.assign(slider, { min: 0, max: stops.length - 1, step: 1 });
    slider.addEventListener("input", () => play.choose({ [name]: stops[slider.value] }));
  }
  for (const [name, values] of Object.entries(CHOICES)) {
    const list = $(name);
    list.append(...values.map((value) => new Option(value, value)));
    saying(() => [...list.options].forEach((option) => (option.textContent = words(`${name}.${option.value}`))));
    list.addEventListener("change", () => play.choose({ [name]: list.value }));
  }
  $("seed").addEventListener("change", () => {
    const text = $("seed").value.trim();
    if (isPossible("seed", text)) play.choose({ seed: Number(text) });
    else showControls(play);
  });
  $("presets").replaceChildren(...Object.keys(PRESETS).map((name) => presetButton(name, play)));
}

function presetButton(name, play) {
  const item = document.createElement("li"), button = document.createElement("button"), mark = document.createElement("span"), title = document.createElement("span");
  const good = GOOD_PRESETS.includes(name);
  Object.assign(button, { type: "button", id: `preset-${name}`, className: good ? "good" : "bad" });
  Object.assign(mark, { className: "kind", textContent: good ? "✓" : "✗" });
  mark.setAttribute("aria-hidden", "true");
  button.append(mark, title);
  saying(() => (title.textContent = words(`presets.${name}.title`)));
  button.addEventListener("click", () => play.begin(name));
  item.append(button);
  return item;
}

function showControls({ settings, drawn }) {
  for (const [name, stops] of Object.entries(STOPS)) {
    const gaps = stops.map((stop) => Math.abs(stop - settings[name])), said = name === "speed" ? speedText(settings.speed) : number(settings[name], { maximumSignificantDigits: 4 });
    $(name).value = gaps.indexOf(Math.min(...gaps));
    $(name).setAttribute("aria-valuetext", said);
    tell($(`${name}-now`), said);
  }
  for (const name of Object.keys(CHOICES)) $(name).value = settings[name];
  $("seed").value = settings.seed;
  for (const name of Object.keys(PRESETS)) $(`preset-${name}`).setAttribute("aria-pressed", name === settings.preset);
  const own = settings.preset === "own";
  tell($("preset-title"), words(own ? "presets.own.title" : `presets.${settings.preset}.title`));
  tell($("preset-say"), words(own ? "presets.own.say" : `presets.${settings.preset}.say`));
  $("gamma-setting").hidden = settings.penalty === "none";
  const [ofD, ofG] = LOSSES[settings.loss].formulas;
  tell($("formula-D"), ofD);
  tell($("formula-G"), ofG);
  tell($("loss-say"), words(`loss_say.${settings.loss}`));
  const drawing = settings.data === "drawn";
  $("drawing").hidden = !drawing;
  tell($("drawn-count"), words("draw.count", { n: drawn.length, most: MOST_DRAWN }));
  $("plane").classList.toggle("drawing", drawing);
  if (drawing) $("plane").setAttribute("tabindex", "0");
  else $("plane").removeAttribute("tabindex");
}

const speedText = (speed) => (speed >= STOPS.speed.at(-1) ? words("controls.fastest") : words("controls.per_second", { n: number(speed) }));
