// Draws the curves of report.html by plotly; plot.js is before it. Every text in them is ours.
(() => {
  const data = document.getElementById("curves-data");
  const curves = JSON.parse(data.textContent);
  const options = { ...plot.OPTIONS, modeBarButtons: [["toImage", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
  const more = { height: 320, margin: { l: 44, r: 12, t: 52, b: 40 } };

  function draw() {
    for (const { id, x, lines, mark } of curves) {
      const traces = lines.map((line) => plot.trace({ ...line, x, paint: line.colour }));
      Plotly.react(`curve-${id}`, traces, plot.layout({ name: id, xTitle: data.dataset.x, mark, more }), options);
    }
  }

  plot.speak(Plotly);
  draw();
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", draw);
  addEventListener("beforeprint", () => { for (const film of document.querySelectorAll("details.film")) film.open = true; });
})();
