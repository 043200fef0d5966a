// Words and numbers in the reader's language.

const $ = (id) => document.getElementById(id);
const TEXTS = JSON.parse($("texts").textContent);
const LANGUAGES = Object.keys(TEXTS);

let language = firstLanguage();

// What the address says (?lang=fr), else what was chosen before, else what the browser asks for, else English.
function firstLanguage() {
  const wanted = [new URLSearchParams(location.search).get("lang")];
  try {
    wanted.push(localStorage.getItem("faussaire-language"));
  } catch {
    // a page from a file may have no storage
  }
  wanted.push(...(navigator.languages ?? []).map((code) => code.slice(0, 2).toLowerCase()));
  return wanted.find((code) => LANGUAGES.includes(code)) ?? "en";
}

// A text by its name, "section.name", with its {places} filled.
function words(name, values = {}) {
  const text = name.split(".").reduce((section, key) => section[key], TEXTS[language]);
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "…");
}

const number = (value, options = { maximumSignificantDigits: 3 }) => (Number.isFinite(value) ? new Intl.NumberFormat(language, options).format(value) : "…");

function speak(code) {
  language = code;
  document.documentElement.lang = code;
  document.title = words("page.title");
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === code);
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = words(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", words(element.dataset.label));
  for (const write of told) write();
}

// Changes a text where it says something else: it is read aloud again otherwise.
function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
