// The figures with their intervals, and the card of the model.

function wordFigures() {
  const { scores, verdicts, doubts } = DATA.figures, said = TEXTS[language];
  $("figures").hidden = !scores.length;
  $("figures-say").textContent = words(scores.length ? "figures_say" : "figures_none", { kimg: number(DATA.figures.kimg) });
  $("figures").tBodies[0].replaceChildren(
    ...scores.map((score) => {
      const row = document.createElement("tr"), name = document.createElement("th"), small = document.createElement("small");
      name.scope = "row";
      name.textContent = score.title?.[language] ?? score.metric;
      small.textContent = [score.better?.[language], score.protocol].filter(Boolean).join("; ");
      name.append(small);
      const interval = words("to", { low: number(score.low), high: number(score.high) });
      const cells = [number(score.value), interval, `${whole(score.n_real)} / ${whole(score.n_fake)}`];
      row.append(name, ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    }),
  );
  $("verdicts").replaceChildren(
    ...[...verdicts.map((name) => said.verdicts[name] ?? name), ...doubts.map((name) => said.doubts[name] ?? name)].map((text) =>
      Object.assign(document.createElement("li"), { textContent: text }),
    ),
  );
}

function wordCard() {
  const { architecture, width } = FACTS;
  const rows = {
    data: FACTS.data,
    sample: KIND.described(),
    classes: FACTS.classes.join(", "),
    network: words(width ? "network" : "network_alone", { architecture, width }),
    nimg: words("nimg", { kimg: number(FACTS.nimg / 1000) }),
    latent: whole(FACTS.z_dim),
    size: words("weights", { count: whole(FACTS.parameters), bits: FACTS.bits }),
    parity: words("parity", { most: FACTS.most_difference }),
    made: `faussaire ${FACTS.version}`,
  };
  $("facts").replaceChildren(
    ...Object.entries(rows).flatMap(([name, text]) =>
      text ? [Object.assign(document.createElement("dt"), { textContent: words(`fact_${name}`) }), Object.assign(document.createElement("dd"), { textContent: text })] : [],
    ),
  );
}
