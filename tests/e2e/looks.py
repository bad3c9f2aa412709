"""What a page looks like to whoever reads it: what cannot be read, and what cannot be reached."""

from __future__ import annotations

from tests.e2e.browser import Browser

FAINT = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
const ground = (element) => {
  if (!element) return rgba("Canvas");
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] >= 1 || own[3] === 0 && element === document.documentElement ? (own[3] ? own : rgba("Canvas"))
    : over(own, ground(element.parentElement));
};
const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const light = (color) => {
  const [r, g, b] = color.slice(0, 3).map((part) => linear(part / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = new Set();
const texts = document.createTreeWalker(document.querySelector(arguments[0]), NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const [text, element] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
  if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  if (element.closest("option, .hidden, .skip, :disabled, symbol, script, style, template")) continue;
  const style = getComputedStyle(element);
  const back = ground(element);
  const ink = over(rgba(element instanceof SVGElement ? style.fill : style.color), back);
  const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className} ${text}`);
}
return [...found];
"""
"""Texts with less contrast to what lies behind them than 4.5."""

CLIPPED = """
const [root, edge, cut] = [document.querySelector(arguments[0]), document.querySelector(arguments[1]), arguments[2]];
const { left, right } = edge.getBoundingClientRect();
const found = new Set();
const unseen = (element) => element && (getComputedStyle(element).clipPath !== "none" || unseen(element.parentElement));
const text = (element) => (element.innerText || element.value || "").slice(0, 60);
const name = (element) => `${element.tagName}.${element.className} "${text(element)}"`;
if (edge.scrollWidth > edge.clientWidth) found.add(`${name(edge)} scrolls sideways`.slice(0, 80));
for (const element of root.querySelectorAll("*")) {
  if (!element.checkVisibility() || element.closest(`.skip, symbol, option, ${cut}`) || unseen(element)) continue;
  const scrolls = element.closest("#chips, .scrolls");
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) continue;
  if (!scrolls && (box.left < left - 1 || box.right > right + 1)) found.add(`${name(element)} is out of reach`);
  const hides = getComputedStyle(element).overflowX !== "visible" || element.matches(".row > *");
  const inside = element !== edge && !element.matches("#chips, .scrolls, select, input");
  if (inside && hides && element.scrollWidth > element.clientWidth + 1)
    found.add(`${name(element)} is cut`);
}
return [...found];
"""
"""What sticks out of an edge or is cut, in a root; cut: what may be, since its whole text is told elsewhere."""

SHORTENED = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d");
const found = [];
for (const element of document.querySelectorAll(arguments[0])) {
  if (!element.checkVisibility()) continue;
  canvas.font = getComputedStyle(element).font;
  const text = element.textContent;
  const fits = (letters) => canvas.measureText(text.slice(0, letters) + "…").width <= element.clientWidth;
  if (canvas.measureText(text).width <= element.clientWidth + 1) continue;
  const seen = [...text].findLastIndex((_, index) => fits(index + 1)) + 1;
  if (seen < arguments[1]) found.push(`${text}: ${seen} letters`);
}
return found;
"""
"""Texts of which fewer than some letters can be seen, and not the whole."""


def shortened(browser: Browser, css: str, letters: int) -> list[str]:
    """Texts of which fewer than some letters can be seen, and not the whole."""
    return list(browser.run(SHORTENED, css, letters))


def faint(browser: Browser, root: str = "body") -> list[str]:
    """Texts with less contrast to what lies behind them than 4.5, as they are now."""
    return list(browser.run(FAINT, root))


def clipped(browser: Browser, cut: str, root: str = "body", edge: str = "html") -> list[str]:
    """What sticks out of an edge or is cut. cut: what may be, since its whole text is told elsewhere."""
    return list(browser.run(CLIPPED, root, edge, cut))
