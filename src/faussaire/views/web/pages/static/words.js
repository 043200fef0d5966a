// Texts and numbers in the reader's language.
export const language = document.documentElement.lang;
export const texts = JSON.parse(document.getElementById("texts").textContent);

/** Put values into a text's {places}; what is not known yet is an ellipsis. */
export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "…");
}

const formats = new Map(); // to make one takes longer than to use it a hundred times, and leaves much to clean up

/** Write a number in the reader's language, by the options of Intl.NumberFormat. */
function write(value, options = {}) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
  return formats.get(key).format(value);
}

/** Write a number with so many significant digits; "…" where there is none. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "…";
  return write(value, { maximumSignificantDigits: digits }).replace("-", "\u2212");
}

/** Write a whole number in full. */
export function whole(value) {
  return Number.isFinite(value) ? write(Math.round(value)) : "…";
}

/** Write a share of 1 as a percentage: in French after a narrow space, as numbers.py does, where browsers take a wide one. */
export function percent(share) {
  if (share === null || share === undefined) return "…";
  return write(share, { style: "percent", maximumFractionDigits: 0 }).replace("\u00a0", "\u202f");
}

/** Write thousands of images. */
export function thousands(nimg) {
  return write(nimg / 1000, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Write a duration as 7 s, 2 min 05 s or 1 h 04 min, which no line breaks. */
export function duration(seconds) {
  return hoursToSeconds(seconds).replaceAll(" ", "\u00a0");
}

function hoursToSeconds(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
}

/** Change a text where it says something else: the page is laid out again, and read aloud, for nothing otherwise. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
