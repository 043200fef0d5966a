// Draws the curves of report.html by plotly. Every text in them is ours; colours are those of the page, dark or light.
(function () {
  "use strict";
  const curves = JSON.parse(document.getElementById("curves-data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function trace(curve, line) {
    const drawn = {
      x: curve.x, y: line.y, name: line.name, mode: curve.x.length > 30 ? "lines" : "lines+markers",
      line: { color: colour(line.colour), width: 1.8 }, connectgaps: false,
    };
    if (line.low) {
      drawn.error_y = {
        type: "data", symmetric: false, thickness: 1.2, color: colour(line.colour),
        array: line.high.map((end, i) => end - line.y[i]), arrayminus: line.low.map((end, i) => line.y[i] - end),
      };
    }
    return drawn;
  }

  function layout(curve) {
    const axis = { gridcolor: colour("--rule"), zeroline: false, linecolor: colour("--rule"), automargin: true };
    const made = {
      height: 320, margin: { l: 44, r: 12, t: 52, b: 40 }, hovermode: "x unified", dragmode: "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 13, color: colour("--ink") },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--quiet"), activecolor: colour("--ink") },
      hoverlabel: { bgcolor: colour("--card"), font: { color: colour("--ink") } },
      showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      xaxis: Object.assign({ title: { text: "thousands of images shown to D", font: { size: 13 } } }, axis),
      yaxis: Object.assign({}, axis),
    };
    if (curve.id === "accuracy") made.yaxis.range = [0, 102];
    if (curve.id === "diversity") made.yaxis.rangemode = "tozero";
    if (curve.mark) {
      made.shapes = [{
        type: "line", xref: "paper", x0: 0, x1: 1, y0: curve.mark[0], y1: curve.mark[0],
        line: { color: colour("--quiet"), width: 1.2, dash: "dash" },
      }];
      made.annotations = [{
        xref: "paper", x: 1, xanchor: "right", y: curve.mark[0], yanchor: "bottom", showarrow: false,
        text: curve.mark[1], font: { size: 12, color: colour("--quiet") },
      }];
    }
    return made;
  }

  function draw() {
    for (const curve of curves) {
      const options = { // these buttons only: one of plotly's own would send the curves to its makers
        responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
        modeBarButtons: [["toImage", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
      };
      Plotly.react("curve-" + curve.id, curve.lines.map((line) => trace(curve, line)), layout(curve), options);
    }
  }

  draw();
  dark.addEventListener("change", draw);
})();
