// The headline: how often D is right, where the run stands, and the buttons that pause and stop it.
import { wilson } from "./story.js";
import { duration, fill, percent, tell, texts, thousands, whole } from "./words.js";

const t = texts.live;
const at = (id) => document.getElementById(id);
let awaited = null; // the state that a button asked for

export function showHeadline(story, connected, gone) {
  const f = story.figures();
  const { state } = story;
  tell(at("accuracy"), percent(f.accuracy));
  document.querySelector("#gauge .filled").style.width = `${100 * (f.accuracy ?? 0)}%`;
  at("gauge").setAttribute("aria-label", f.accuracy === null ? t.not_yet : fill(t.gauge, { accuracy: percent(f.accuracy) }));
  const said = fill(t[`state_${state}`], {
    time: duration(f.seconds ?? 0), kimg: thousands(f.nimg), age: duration(story.age ?? 0),
  });
  tell(at("state"), gone ? t.state_gone : connected || story.line === 0 || story.ended ? said : t.state_lost);
  const parts = [];
  if (f.seconds_left !== undefined && ["running", "paused"].includes(state)) parts.push(fill(t.time_left, { time: duration(f.seconds_left) }));
  if (f.progress !== undefined) parts.push(fill(t.done_share, { progress: percent(state === "finished" ? 1 : f.progress) }));
  tell(at("left"), parts.join(" · "));
  document.querySelector("#bar div").style.width = `${100 * (state === "finished" ? 1 : f.progress ?? 0)}%`;
  if (awaited === state || story.ended) { awaited = null; tell(at("asked"), ""); }
  for (const id of ["pause", "resume", "stop"]) at(id).disabled = !connected;
  at("pause").hidden = state !== "running" || awaited !== null;
  at("resume").hidden = state !== "paused" || awaited !== null;
  at("stop").hidden = !["running", "paused"].includes(state) || awaited !== null;
}

/** Say what becomes of the rule of 50 % in this run: how low D came, where it is, and what it makes of new images. */
export function showCourse(story) {
  const c = story.course();
  if (!c) return;
  const parts = [fill(c.risen ? t.here_risen : t.here_low, { lowest: percent(c.lowest), kimg: thousands(c.nimg), now: percent(c.now) })];
  if (c.gauged) {
    const { accuracy_held_out: unseen, accuracy_seen: seen, n_held_out: n, n_seen = n } = c.gauged; // older runs judged as many
    const values = { held_out: shareOf(unseen, n), seen: shareOf(seen, n_seen), n: whole(n), n_seen: whole(n_seen) };
    parts.push(fill(t.here_held_out, values));
  }
  tell(at("here"), parts.join(" "));
}

/** Write a share of n with its 95 % interval: 72% [60, 81]. */
function shareOf(share, n) {
  const ends = wilson(share, n).map((end) => whole(100 * end));
  return `${percent(share)} ${fill(t.interval_of, { low: ends[0], high: ends[1] })}`;
}

export function listenToControls(base) {
  async function ask(command, state) {
    awaited = state;
    for (const id of ["pause", "resume", "stop"]) at(id).hidden = true;
    tell(at("asked"), t[`asked_${command}`]);
    const answer = await fetch(`${base}/control`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ command }),
    }).catch(() => null);
    if (!answer?.ok) {
      awaited = null;
      const reason = answer ? (await answer.json()).detail : t.state_lost;
      tell(at("asked"), fill(t.refused, { reason }));
    }
  }
  at("pause").addEventListener("click", () => ask("pause", "paused"));
  at("resume").addEventListener("click", () => ask("resume", "running"));
  at("stop").addEventListener("click", () => at("stop-dialog").showModal());
  at("stop-dialog").addEventListener("close", () => {
    if (at("stop-dialog").returnValue === "stop") ask("stop", "stopped");
    at("stop-dialog").returnValue = "";
  });
}
