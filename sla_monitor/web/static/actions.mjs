// What people do: sent at once, shown at once as on its way, and settled by what the server's rows then say.

import { fate } from "./fate.mjs";
import { trouble } from "./session.mjs";

const PATIENCE = 8000; // ms until we say that it has not shown yet

export class Actions {
  #waiting = new Map(); // lead id -> {act, before, settle}

  // changed(): something to show has changed.
  constructor(page, changed) {
    this.page = page;
    this.changed = changed;
  }

  // What is on its way for a lead, if anything.
  doing(leadId) {
    return this.#waiting.get(leadId)?.act.kind;
  }

  claim(lead) {
    return this.#act(lead, { kind: "claim", to: this.page.claimant, body: { action: "claim", turn: lead.turn } });
  }

  reassign(lead, managerId) {
    return this.#act(lead, { kind: "reassign", to: managerId, body: { action: "reassign", manager_id: managerId } });
  }

  close(lead, reason) {
    return this.#act(lead, { kind: "close", body: { action: "close", reason } });
  }

  async presence(managerId, status, minutes) {
    const { words } = this.page;
    this.page.announce(words.doing.presence);
    const until = minutes ? new Date(this.page.now() + minutes * 60_000).toISOString() : undefined;
    const failed = await send("PUT", `v1/managers/${encodeURIComponent(managerId)}/status`, { status, until }, words);
    this.page.announce(failed ?? words.done.presence(this.page.name(managerId)), Boolean(failed));
    return !failed;
  }

  // Leads have changed: whatever that settles is told.
  look() {
    for (const [id, { act, before, settle }] of this.#waiting) {
      const found = fate(act, before, this.page.leads.get(id));
      if (found.kind !== "pending") settle(found);
    }
  }

  async #act(lead, act) {
    const { words } = this.page;
    const id = lead.lead_id;
    if (this.#waiting.has(id)) return;
    const settled = new Promise((settle) => this.#waiting.set(id, { act, before: lead, settle }));
    this.page.announce(words.doing[act.kind]);
    this.changed();
    const since = this.page.now();
    const failed = await send("POST", `v1/leads/${encodeURIComponent(id)}/actions`, act.body, words);
    if (failed) this.#tell(failed, true);
    else {
      const late = new Promise((settle) => setTimeout(settle, PATIENCE, { kind: "pending" }));
      const first = await Promise.race([settled, late]);
      const found = first.kind === "pending" && (await wasRefused(id, since)) ? { kind: "refused" } : first;
      this.#tell(this.#said(id, act, found), found.kind !== "done");
    }
    this.#waiting.delete(id);
    this.changed();
  }

  #said(id, act, found) {
    const { words } = this.page;
    const to = this.page.name(found.to ?? act.to);
    if (found.kind === "pending") return words.unknown;
    if (found.kind === "refused") return words.refused(words.notYours);
    return found.kind === "done" ? words.done[act.kind](id, to) : words[found.kind](id, to || words.somebody);
  }

  #tell(text, wrong) {
    this.page.announce(text, wrong);
  }
}

// Null once it is durable; else what went wrong, in words. Only a refusal says that nothing was done.
async function send(method, path, body, words) {
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
    if (answer.status >= 500) return words.unsure(answer.status);
    return answer.ok ? null : words.refused(trouble(words, answer.status, await detail(answer)));
  } catch {
    return words.offline;
  }
}

// Whether a lead has refused an act of late: it became another team's after it was shown here.
async function wasRefused(leadId, since) {
  try {
    const lead = await (await fetch(`v1/leads/${encodeURIComponent(leadId)}`)).json();
    return (lead.timeline ?? []).some((entry) => entry.type === "act.refused.v1" && Date.parse(entry.at) >= since - 1000);
  } catch {
    return false;
  }
}

async function detail(answer) {
  const problem = await answer.json().catch(() => ({}));
  const errors = (problem.errors ?? []).map((error) => `${error.pointer.slice(1)} ${error.detail}`);
  return errors.length ? errors.join("; ") : (problem.detail ?? answer.statusText);
}
