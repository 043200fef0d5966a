// Explain mode: each part of the diagram opens three sentences about what is on the page at this moment.
import { fill, number, percent, texts, thousands, whole } from "./words.js";
import { verdict } from "./story.js";

const names = ["reals", "real_sample", "noise", "generator", "fake_sample", "discriminator", "loss_D", "loss_G"];
const at = (id) => document.getElementById(id);
const button = (name) => document.querySelector(`[data-part="${name}"] .ask`);
let open = "";
let last = null; // the story as it was shown last

export function showExplanation(story) {
  last = story;
  if (!open) return;
  const values = spoken(story.figures());
  const sentences = texts.parts[open].say.map((sentence) => fill(sentence, values));
  const shown = [...at("sentences").children].map((p) => p.textContent);
  if (sentences.every((sentence, i) => sentence === shown[i])) return;
  at("explained").textContent = texts.parts[open].name;
  at("sentences").replaceChildren(...sentences.map((sentence) => {
    const p = document.createElement("p");
    p.textContent = sentence;
    return p;
  }));
}

/** Return the figures as the sentences say them. */
function spoken(f) {
  const caught = (kind) => f.judged?.data[kind].filter((logit) => verdict(logit, f.judged.data.boundary, kind === "real")?.right).length;
  const sure = (kind) => {
    const found = f.judged?.data[kind].map((logit) => verdict(logit, f.judged.data.boundary, true)?.sure) ?? [];
    return found.length ? percent(found.reduce((sum, one) => sum + one, 0) / found.length) : "…";
  };
  return {
    real_sure: sure("real"), fake_sure: sure("fake"),
    num_images: whole(f.config.num_images + (f.config.num_held_out ?? 0)), num_trained: whole(f.config.num_images),
    kimg: thousands(f.nimg), epochs: number(f.nimg / f.config.num_images, 2),
    batch: whole(f.settings.batch_size), z_dim: whole(f.settings.z_dim), rounds: whole(f.rounds),
    accuracy: percent(f.accuracy), accuracy_real: percent(f.accuracy_real), accuracy_fake: percent(f.accuracy_fake),
    real_right: caught("real"), fake_right: caught("fake"), diversity: number(f.diversity, 2),
    gradient_G: number(f.judged?.data.gradient_G, 2), loss_D: number(f.loss_D), loss_G: number(f.loss_G),
  };
}

function choose(name) {
  open = name;
  for (const other of names) button(other).setAttribute("aria-expanded", String(other === open));
  at("explanation").hidden = !open;
  if (last) showExplanation(last);
}

function turn(by) {
  choose(names[(names.indexOf(open) + by + names.length) % names.length]);
}

for (const name of names) {
  button(name).addEventListener("click", () => {
    choose(open === name ? "" : name);
    if (open) at("explanation").scrollIntoView({ block: "nearest" });
  });
}
at("tour").addEventListener("click", () => { choose(names[0]); at("next").focus(); });
at("next").addEventListener("click", () => turn(1));
at("before").addEventListener("click", () => turn(-1));
function close() {
  const name = open;
  choose("");
  button(name).focus();
}
at("close").addEventListener("click", close);
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && open && !document.querySelector("dialog[open]")) close(); });
