// Figures of the last hour and of today, and where they lie on the plot.

import { HOUR } from "./clock.mjs";
import { percent } from "./percent.mjs";

// q: 0 to 1; the nearest rank. sorted: ascending, not empty.
const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];

// responses: [when, ms it took, in time]. null when there is none.
export function summary(responses) {
  if (!responses.length) return null;
  const took = responses.map(([, ms]) => ms).sort((a, b) => a - b);
  return {
    count: responses.length,
    inTime: responses.filter(([, , ok]) => ok).length,
    half: quantile(took, 0.5),
    most: quantile(took, 0.9),
  };
}

// Where each response lies on a plot of an hour that ends now: x and y in 0..1, y 0 at the bottom.
// Whatever took more than `top` lies on its upper edge.
export function plot(responses, now, target) {
  const took = responses.map(([, ms]) => ms).sort((a, b) => a - b);
  const top = Math.max(target * 1.5, took.length ? Math.min(quantile(took, 0.95) * 1.1, target * 6) : 0);
  const at = (when, ms) => ({ x: Math.min(1, Math.max(0, 1 - (now - when) / HOUR)), y: Math.min(1, ms / top) });
  return { top, target: target / top, points: responses.map(([when, ms, ok]) => ({ ...at(when, ms), ok })) };
}

// Of a manager: the leads that were theirs first and are decided, and how many of a hundred were in time; null of none.
export function share({ in_time: met, decided: all }) {
  return all ? { met, all, percent: percent(met, all) } : null;
}
