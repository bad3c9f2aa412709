// What happened to leads, a line each: what is one event to whoever reads is one line.

const MEASURES = new Set(["response", "contact"]);
const ANSWERS_A_BREACH = new Set(["no_response", "max_turns"]);

// What the sentence of an item needs, and the reason to tell beside it, if it says more than the sentence.
export function parts({ kind, reason }) {
  const measure = MEASURES.has(reason) ? reason : "response";
  const said = MEASURES.has(reason) || kind === "sla.breached";
  return { measure, reason: said ? "" : reason };
}

// items: the newest first. A breach that the next step of its lead already tells is left out.
export function lines(items) {
  const next = new Map(); // lead id -> what came after
  return items.filter((item) => {
    const after = next.get(item.lead_id);
    next.set(item.lead_id, item);
    return !(item.kind === "sla.breached" && parts(item).measure === "response" && after && ANSWERS_A_BREACH.has(after.reason));
  });
}
