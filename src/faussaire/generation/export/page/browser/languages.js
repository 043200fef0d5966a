// The languages of a page that stands alone: buttons choose one, which is kept for the next visit.

const told = []; // what writes words again when the language changes

// Runs now, and again in another language.
function saying(write) {
  told.push(write);
  write();
}

// By the page's own `number`.
const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 }).replace("\u00a0", "\u202f"); // narrow in French

function offerLanguages() {
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => {
      speak(button.dataset.language);
      try {
        localStorage.setItem("faussaire-language", button.dataset.language);
      } catch {
        // the choice is then for this visit
      }
    });
}
