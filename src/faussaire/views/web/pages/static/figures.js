// The verdict in words, and the score of the training with its interval.
import { fill, language, number, percent, tell, texts, thousands } from "./words.js";

const at = (id) => document.getElementById(id);

/** Show the one verdict, as the server says it in the reader's language. */
export function showVerdict({ verdict }) {
  const said = verdict?.[language];
  if (!said) return;
  for (const name of ["text", "basis", "advice", "command"]) {
    tell(at(`verdict-${name}`), said[name]);
    at(`verdict-${name}`).hidden = !said[name];
  }
  at("verdict").className = `verdict ${said.tone}`;
}

/** Say that the training went back, where it did. */
export function showRollBack(story) {
  const event = story.last("rolled_back");
  at("rolled-back").hidden = !event;
  if (!event) return;
  const { lost_nimg, halvings, most } = event.data;
  tell(at("rolled-back"), fill(texts.live.rolled_back, { lost: thousands(lost_nimg), kimg: thousands(event.nimg), halvings, most }));
}

/** Say what twice the time would bring, by the last score. */
function showForecast(forecast) {
  at("forecast").hidden = !forecast;
  if (!forecast) return;
  const [middle, low, high] = forecast.twice.map((value) => number(value));
  const name = forecast.hardly ? "forecast_hardly" : forecast.finished ? "forecast_finished" : "forecast_running";
  const twice = texts.live[`twice_${forecast.of}`] ?? texts.live.twice_time;
  tell(at("forecast"), fill(texts.live[name], { twice, now: number(forecast.end[0]), middle, low, high, level: percent(forecast.level) }));
}

export function showScores(story) {
  const event = story.last("score");
  showForecast(event?.data.forecast);
  const row = event?.data.rows?.[0];
  if (!row) return;
  tell(at("score-now"), fill(texts.live.score_training, {
    protocol: row.protocol, value: number(row.value), low: number(row.low), high: number(row.high),
    kimg: thousands(event.nimg), n: number(row.n_fake),
  }));
}
