// What tests ask of a page beside the rules of axe-core: see accessibility.py.
globalThis.measured = (() => {
  const isSeen = (e) => e.checkVisibility({ visibilityProperty: true });

  /** Return the pieces of text within an element. */
  function texts(root) {
    const found = [], walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.textContent.trim()) found.push(walker.currentNode);
    return found;
  }

  /** Return the size in pixels of each piece of text that is seen. */
  function textSizes() {
    const parents = texts(document.body).map((text) => text.parentElement);
    return parents.filter(isSeen).map((parent) => parseFloat(getComputedStyle(parent).fontSize));
  }

  /** Say whether this is a link in a sentence, which is as high as its line (WCAG 2.2, 2.5.8, exception "inline"). */
  function isInSentence(e) {
    const said = (node) => node !== e && node.nodeType === Node.TEXT_NODE && /\p{L}/u.test(node.textContent);
    return e.matches("a") && getComputedStyle(e).display === "inline" && [...e.parentElement.childNodes].some(said);
  }

  const lesser = ({ width, height }) => Math.min(width, height);

  /** Return the largest of what takes the clicks of a target: itself, its label, the box its ::after is laid over. */
  function boxOf(e) {
    const { content, position, top, left } = getComputedStyle(e, "::after");
    const isLaid = content !== "none" && position === "absolute" && parseFloat(top) === 0 && parseFloat(left) === 0;
    const takers = [e, e.closest("label"), isLaid ? e.offsetParent : null].filter(Boolean);
    return takers.map((one) => one.getBoundingClientRect()).sort((a, b) => lesser(b) - lesser(a))[0];
  }

  /** Return what can be pressed and is less wide or high than so many pixels. */
  function smallTargets(least) {
    const all = "a[href], button, select, input, textarea, summary, [role=button], [tabindex='0']";
    return [...document.querySelectorAll(all)]
      .filter((e) => isSeen(e) && !e.closest(".skip") && e.getClientRects().length && !isInSentence(e))
      .map((e) => [e, boxOf(e)])
      .filter(([, box]) => lesser(box) < least)
      .map(([e, box]) => `${e.outerHTML.slice(0, 100)} is ${box.width.toFixed(1)} by ${box.height.toFixed(1)} px`);
  }

  /** Return the pictures that say nothing to whoever does not see them. */
  function unnamed() {
    const isNamed = (e) => e.matches("[alt], [role=presentation]") || e.getAttribute("aria-label")?.trim();
    return [...document.querySelectorAll("img, canvas, [role=img]")]
      .filter((e) => isSeen(e) && !e.closest("[aria-hidden=true]") && !isNamed(e))
      .map((e) => e.outerHTML.slice(0, 120));
  }

  /** Return the cells of folded tables, which have no head above them, without the name of their column before them. */
  function unlabelled() {
    const isNamed = (e) => {
      const { label } = e.dataset, head = e.closest("table").tHead.rows[0].cells[e.cellIndex];
      return label === head.textContent.trim() && getComputedStyle(e, "::before").content !== "none";
    };
    return [...document.querySelectorAll("td")]
      .filter((e) => isSeen(e) && getComputedStyle(e).display !== "table-cell" && !isNamed(e))
      .map((e) => e.outerHTML.slice(0, 120));
  }

  /** Return the elements around a piece of text with their styles; none of what is there for screen readers alone. */
  function around(text) {
    const found = [];
    for (let e = text.parentElement; e; e = e.parentElement) found.push([e, getComputedStyle(e)]);
    const isForReaders = ([e, { clipPath, position }]) =>
      clipPath !== "none" || (position === "absolute" && e.clientWidth <= 1);
    return found.some(isForReaders) ? [] : found;
  }

  /** Say whether an edge of an element is seen, or cuts off what is beyond it. */
  function hasEdge([e, { display, overflowX, borderRightWidth, backgroundColor }]) {
    if (display === "inline" || e === document.body || e === document.documentElement) return false;
    return overflowX !== "visible" || parseFloat(borderRightWidth) > 0 || !/transparent|, 0\)$/.test(backgroundColor);
  }

  /** Return the lines of a piece of text: where its letters are, a quarter of the height left out above and below. */
  function linesOf(text) {
    const range = document.createRange();
    range.selectNodeContents(text);
    return [...range.getClientRects()].filter((box) => box.width > 1).map(({ left, right, top, bottom, height }) => ({
      left: left + 1, right: right - 1, top: top + height / 4, bottom: bottom - height / 4,
      said: `"${text.textContent.trim().slice(0, 60)}"`,
    }));
  }

  /** Return the words of a piece of text that end on another line than they begin; names in code may. */
  function brokenWords(text) {
    const range = document.createRange();
    const isBroken = ({ index, 0: word }) => {
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
    };
    const isName = text.parentElement.closest("code, pre, bdi");
    return isName ? [] : [...text.data.matchAll(/\p{L}{2,16}/gu)].filter(isBroken);
  }

  const isWithin = (one, box) =>
    one.left >= box.left && one.right <= box.right && one.top >= box.top && one.bottom <= box.bottom;

  /**
   * Return the lines that are not to be read whole: that leave the window or a box around them whose edge is seen or
   * cuts them off, or that lie over one another; words broken in two; and how much too wide the page is. An open
   * dialog counts alone.
   */
  function unreadable() {
    const found = new Set(), all = [], beyond = document.documentElement.scrollWidth - innerWidth;
    const page = { left: 0, right: innerWidth, top: -Infinity, bottom: Infinity };
    if (beyond > 0) found.add(`the page is ${beyond} px too wide`);
    for (const text of texts(document.querySelector("dialog[open]") ?? document.body)) {
      const parent = text.parentElement;
      if (!isSeen(parent) || parent.closest(".skip, noscript, option, svg")) continue;
      const boxes = around(text), lines = boxes.length ? linesOf(text) : [];
      all.push(...lines);
      if (lines.length > 1) for (const [word] of brokenWords(text)) found.add(`"${word}" is broken in two`);
      for (const line of lines) if (!isWithin(line, page)) found.add(`${line.said} leaves the window`);
      for (const [e] of boxes.filter(hasEdge)) {
        const left = lines.find((line) => !isWithin(line, e.getBoundingClientRect()));
        if (left) found.add(`${left.said} leaves ${e.outerHTML.slice(0, 80)}`);
      }
    }
    all.sort((one, other) => one.top - other.top);
    all.forEach((one, i) => {
      for (let k = i + 1; k < all.length && all[k].top < one.bottom; k++) {
        const isApart = all[k].left >= one.right || all[k].right <= one.left;
        if (!isApart) found.add(`${one.said} and ${all[k].said} lie over one another`);
      }
    });
    return [...found];
  }

  return { textSizes, smallTargets, unnamed, unlabelled, unreadable };
})();
