// What happens when the page is opened.

function begin() {
  offerLanguages();
  speak(language);
  saying(wordFigures);
  saying(wordCard);
  beginHero();
  beginWalk();
  beginWall();
  beginQuiz();
}

addEventListener("error", (event) => report(event.error ?? new Error(event.message)));
addEventListener("unhandledrejection", (event) => report(event.reason ?? new Error("?")));

// For programs: await faussaire.sample("7", { index: 3, truncation: 0.8, label: 2 }) is the sample as floats [C · H · W].
globalThis.faussaire = {
  facts: FACTS,
  sample: (seed, options = {}) => sampleAt({ index: 0, ...still(), ...options, seed: String(seed) }),
};

begin();
