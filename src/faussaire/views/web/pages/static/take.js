// Take it with you: has the page made, and hands it over as a file.
import { fill, number, texts as t } from "./words.js";

const run = JSON.parse(document.getElementById("run").textContent);
const [make, said, reals] = ["make", "said", "with-reals"].map((id) => document.getElementById(id));

async function ask() {
  const wishes = { with_reals: Boolean(reals?.checked) };
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wishes) };
  const answer = await fetch(`/api/runs/${encodeURIComponent(run.id)}/page`, posted);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer.blob();
}

make?.addEventListener("click", async () => {
  make.disabled = true;
  said.textContent = t.making;
  try {
    const page = await ask();
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(page), download: `${run.id}.html` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    said.textContent = fill(t.made, { megabytes: number(page.size / 1e6, 2), file: link.download });
  } catch (error) {
    said.textContent = fill(t.refused, { reason: error.message });
  } finally {
    make.disabled = false;
  }
});
