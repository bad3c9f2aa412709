// What became of something that we did to a lead, told by how the lead looks: the server's rows decide, not we.

const OPEN = new Set(["scheduled", "waiting", "held", "overdue", "unassignable", "escalated"]);

// act: {kind: claim|reassign|close, to}. before: the lead when we acted. now: as it is, undefined once it is not open.
// pending, done, or {lost: whoever has it} / "over" when it was answered or closed meanwhile.
export function fate(act, before, now) {
  if (!now || !OPEN.has(now.status)) return act.kind === "close" ? { kind: "done" } : { kind: "over" };
  if (act.kind === "close") return { kind: "pending" };
  if (now.holder_id === act.to && (now.turn !== before.turn || before.holder_id !== act.to)) return { kind: "done" };
  if (act.kind === "claim" && now.turn !== before.turn) return { kind: "lost", to: now.holder_id };
  return { kind: "pending" };
}
