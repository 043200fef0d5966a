// How a curve looks, on the live page and in report.html, which has this file inlined before its own script.
globalThis.plot = (() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** One line, `bridged` where it is measured now and then; with `low` and `high`, the ends of an interval around each point. */
  function trace({ x, y, name, paint, width = 1.8, bridged = false, low, high }) {
    const drawn = { x, y, name, mode: x.length > 30 ? "lines" : "lines+markers", line: { color: colour(paint), width }, connectgaps: bridged };
    if (low) {
      drawn.error_y = {
        type: "data", symmetric: false, thickness: 1.2, color: colour(paint),
        array: high.map((end, i) => end - y[i]), arrayminus: low.map((end, i) => y[i] - end),
      };
    }
    return drawn;
  }

  // Numbers as numbers.py writes them: thousands apart, four digits that count, no letter or power for large and small ones.
  const AS_WRITTEN = { separatethousands: true, exponentformat: "none", hoverformat: ",.4~r" };

  /** What is around the lines; `mark` is a height and what it says. */
  function layout({ name, xTitle, mark, more }) {
    const axis = { gridcolor: colour("--rule"), zeroline: false, linecolor: colour("--rule"), automargin: true, ...AS_WRITTEN };
    const quiet = colour("--quiet");
    const made = {
      hovermode: "x unified", dragmode: "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 13, color: colour("--ink") },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: quiet, activecolor: colour("--ink") },
      hoverlabel: { bgcolor: colour("--card"), font: { color: colour("--ink") }, namelength: -1 },
      showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: { ...axis, title: { text: xTitle, font: { size: 13 } } }, yaxis: { ...axis }, ...more,
    };
    if (name === "accuracy") made.yaxis.range = [0, 102];
    if (name === "diversity" || name === "scores") made.yaxis.rangemode = "tozero";
    if (mark) {
      const [y, text] = mark;
      made.shapes = [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { color: quiet, width: 1.2, dash: "dash" } }];
      made.annotations = [{ xref: "paper", x: 1, xanchor: "right", y, yanchor: "bottom", showarrow: false, text, font: { size: 12, color: quiet } }];
    }
    return made;
  }

  const language = document.documentElement.lang;

  /** Let plotly write numbers and name its buttons in the page's language: English is its own. */
  function speak(plotly) {
    if (language !== "fr") return;
    const dictionary = {
      "Download plot as a PNG": "Enregistrer en PNG", "Zoom in": "Agrandir", "Zoom out": "Réduire",
      "Reset axes": "Revoir en entier", "Double-click to zoom back out": "Double-cliquez pour revoir en entier",
      "Double-click on legend to isolate one trace": "Double-cliquez sur une légende pour ne voir que sa courbe",
      "Taking snapshot - this may take a few seconds": "Enregistrement : quelques secondes",
      "Snapshot succeeded": "Enregistré",
    };
    plotly.register({ moduleType: "locale", name: "fr", dictionary, format: { decimal: ",", thousands: "\u202f" } });
  }

  // One of plotly's own buttons would send the curves to its makers.
  const OPTIONS = { locale: language, responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };
  return { trace, layout, speak, OPTIONS };
})();
