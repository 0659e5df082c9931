// Remembers where texts are written on a canvas, of the last picture: `clearTexts` begins a new one.
window.canvasTexts = [];
window.clearTexts = () => (window.canvasTexts = []);
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
  const size = this.measureText(text), at = this.getTransform();
  const left = { right: size.width, end: size.width, center: size.width / 2 }[this.textAlign] || 0;
  const box = { text: String(text), left: x - left, right: x - left + size.width,
    top: y - size.actualBoundingBoxAscent, bottom: y + size.actualBoundingBoxDescent };
  const scale = devicePixelRatio;
  // texts that are turned are not compared: their boxes say nothing
  if (Math.abs(at.b) < 1e-6 && text !== '') {
    window.canvasTexts.push({ canvas: this.canvas, text: box.text,
      left: (box.left * at.a + at.e) / scale, right: (box.right * at.a + at.e) / scale,
      top: (box.top * at.d + at.f) / scale, bottom: (box.bottom * at.d + at.f) / scale });
  }
  return write.call(this, text, x, y, ...rest);
};
