// Which texts of a page overlap, are cut, or lie outside of it.
() => {
  const found = [];
  const short = (text) => text.trim().replace(/\s+/g, ' ').slice(0, 40);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2.5;
  const pairs = (boxes, what) => {
    boxes.sort((a, b) => a.top - b.top);
    for (let i = 0; i < boxes.length; i++)
      for (let j = i + 1; j < boxes.length && boxes[j].top < boxes[i].bottom; j++)
        // what is written twice at one place was drawn twice
        if (boxes[i].owner !== boxes[j].owner && meet(boxes[i], boxes[j])
          && !(boxes[i].text === boxes[j].text && Math.abs(boxes[i].left - boxes[j].left) < 0.5 && Math.abs(boxes[i].top - boxes[j].top) < 0.5))
          found.push(`${what}: "${boxes[i].text}" and "${boxes[j].text}" overlap`);
  };
  // what an element's scrolling or hiding ancestors leave of a box
  const seen = (node, box) => {
    const out = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.display === 'none' || style.visibility === 'hidden' || at.hidden) return null;
      if (style.position === 'absolute' && style.clipPath !== 'none') return null;
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const clip = at.getBoundingClientRect();
      out.left = Math.max(out.left, clip.left); out.right = Math.min(out.right, clip.right);
      out.top = Math.max(out.top, clip.top); out.bottom = Math.min(out.bottom, clip.bottom);
    }
    return out.right > out.left && out.bottom > out.top ? out : null;
  };
  const scrolls = (node) => {
    for (let at = node; at && at !== document.body; at = at.parentElement)
      if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  const width = document.documentElement.clientWidth;
  const boxes = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const owner = text.parentElement;
    if (!text.data.trim() || /^(SCRIPT|STYLE|NOSCRIPT|OPTION|title)$/.test(owner.tagName)) continue;
    if (owner.closest('.skip, .unseen')) continue;
    if (owner.closest('details:not([open]) > :not(summary)')) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) {
      const left = seen(owner, box);
      if (!left) continue;
      if (!scrolls(owner) && (box.left < -1 || box.right > width + 1)) found.push(`outside the page: "${short(text.data)}"`);
      boxes.push({ ...left, text: short(text.data), owner });
    }
    const style = getComputedStyle(owner);
    if (style.overflowX === 'hidden' && owner.scrollWidth > owner.clientWidth + 1 && seen(owner, owner.getBoundingClientRect()))
      found.push(`cut: "${short(text.data)}"`);
  }
  pairs(boxes, 'page');
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    for (const text of svg.querySelectorAll('text')) {
      if (!text.textContent.trim()) continue;
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        found.push(`cut by its picture: "${short(text.textContent)}"`);
      const around = text.parentElement.querySelector(':scope > rect');
      const room = around && around.getBoundingClientRect();
      if (room && (box.left < room.left - 1 || box.right > room.right + 1)) found.push(`wider than its box: "${short(text.textContent)}"`);
    }
  }
  const byCanvas = new Map();
  for (const one of window.canvasTexts) {
    if (!one.canvas.isConnected) continue;
    if (!byCanvas.has(one.canvas)) byCanvas.set(one.canvas, []);
    byCanvas.get(one.canvas).push({ ...one, owner: {} });
  }
  for (const [canvas, texts] of byCanvas) {
    const box = canvas.getBoundingClientRect();
    for (const one of texts) if (one.left < -1 || one.right > box.width + 1) found.push(`cut by its canvas: "${one.text}"`);
    pairs(texts, 'canvas');
  }
  return [...new Set(found)];
}
