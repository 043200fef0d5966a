// The whole state in the fragment of the address: settings that differ from the usual ones, the seed, and what was drawn.

const MOST_DRAWN = 400;

// Points as base64url, two bytes each.
function packed(points) {
  const bytes = points.flat().map((value) => Math.round(((value / SQUARE + 1) / 2) * 255));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unpacked(text) {
  if (!/^[\w-]*$/.test(text)) return null;
  try {
    const bytes = Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    if (bytes.length % 2 || bytes.length > 2 * MOST_DRAWN) return null;
    return Array.from({ length: bytes.length / 2 }, (_, k) => [snapped(bytes[2 * k]), snapped(bytes[2 * k + 1])]);
  } catch {
    return null;
  }
}

const snapped = (byte) => SQUARE * ((2 * byte) / 255 - 1);

// A point as its address will give it back, so that a link shows what its sender saw.
const kept = (point) => point.map((value) => snapped(Math.round(((Math.max(-SQUARE, Math.min(SQUARE, value)) / SQUARE + 1) / 2) * 255)));

function fragmentOf(settings, drawn) {
  const parts = Object.keys(DEFAULTS).filter((name) => settings[name] !== DEFAULTS[name]).map((name) => `${name}=${settings[name]}`);
  if (drawn.length) parts.push(`drawn=${packed(drawn)}`);
  return `#${parts.join("&")}`;
}

// What a fragment says, and the parts of it that are not possible.
function stateOf(fragment) {
  const settings = { ...DEFAULTS }, wrong = [];
  let drawn = [];
  for (const part of fragment.replace(/^#/, "").split("&").filter(Boolean)) {
    const [name, text = ""] = part.split("=");
    if (name === "drawn") {
      const points = unpacked(text);
      if (points) drawn = points;
      else wrong.push("drawn");
    } else if (isPossible(name, text)) settings[name] = typeof DEFAULTS[name] === "number" ? Number(text) : text;
    else wrong.push(part.slice(0, 40));
  }
  return { settings, drawn, wrong };
}

function isPossible(name, text) {
  if (name === "preset") return text === "own" || Object.hasOwn(PRESETS, text);
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].includes(text);
  if (!Object.hasOwn(DEFAULTS, name) || !/^\d+(\.\d+)?$/.test(text) || (WHOLE.includes(name) && text.includes("."))) return false;
  const value = Number(text), stops = STOPS[name];
  return name === "seed" ? value <= MOST_SEED : value >= stops[0] && value <= stops.at(-1);
}
