// The open leads as the server tells them, in the order of their urgency.

export const STATUSES = ["unassignable", "escalated", "overdue", "waiting", "held", "scheduled"];

const WAITS_FOR_A_PERSON = { unassignable: 0, escalated: 1 };
const rank = (lead) => WAITS_FOR_A_PERSON[lead.status] ?? (lead.breached ? 2 : 3);

// Nobody free, with the head, late, the others; each by the customer's due: as the server sorts them.
export function byUrgency(a, b) {
  return rank(a) - rank(b) || (a.customer_due_at || Infinity) - (b.customer_due_at || Infinity) || (a.lead_id < b.lead_id ? -1 : 1);
}

// Test leads are on their own list and on no other. name(managerId): how people call a holder.
export function matches(lead, filter, name = (id) => id) {
  return (
    Boolean(lead.test) === Boolean(filter.test) &&
    (!filter.team || (lead.team_id || "") === filter.team) &&
    (!filter.source || lead.source === filter.source) &&
    (!filter.status || lead.status === filter.status) &&
    (!filter.mine || lead.holder_id === filter.mine) &&
    (!filter.text || isFound(lead, filter.text, name))
  );
}

const folded = (text) => text.normalize("NFC").toLowerCase().replaceAll("ё", "е");

// By every word: in the customer's name, the id or the holder's name; or by a part of a number, however it is written.
function isFound(lead, text, name) {
  const known = folded([lead.lead_id, lead.name ?? "", lead.holder_id && name(lead.holder_id)].filter(Boolean).join(" "));
  return folded(text).split(/\s+/).filter(Boolean).every((word) => known.includes(word)) || hasNumber(lead, text);
}

function hasNumber({ phones = [] }, text) {
  const dialled = text.replace(/^tel:/i, "").replace(/\(0\)/, ""); // +44 (0)20: a nought that is not dialled from abroad
  const digits = dialled.replace(/\D/g, "");
  if (digits.length < 3 || !/^[+\d\s()./\p{Pd}]+$/u.test(dialled)) return false;
  const ways = [digits, digits.replace(/^(?:00|[08])/, "")]; // 8 926 and 0049 as it is dialled, without what is dialled first
  return phones.some((phone) => ways.some((way) => way.length > 2 && phone.includes(way)));
}

export class Leads {
  #fields = [];
  #known = new Map();
  #order = [];
  #real = [];
  #unconfirmed = null;

  // All that is there is told anew from here on; what is not by `confirm` has gone meanwhile.
  begin(fields) {
    this.#fields = fields;
    this.#unconfirmed = new Set(this.#known.keys());
  }

  confirm() {
    if (this.#unconfirmed?.size) this.drop([...this.#unconfirmed]);
    this.#unconfirmed = null;
  }

  // lines: values in the order of the fields.
  set(lines) {
    for (const line of lines) {
      const lead = Object.fromEntries(this.#fields.map((field, n) => [field, line[n]]));
      this.#unconfirmed?.delete(lead.lead_id);
      this.#known.set(lead.lead_id, lead);
    }
    this.#sort();
  }

  drop(ids) {
    for (const id of ids) this.#known.delete(id);
    this.#sort();
  }

  get(id) {
    return this.#known.get(id);
  }

  // Without test leads, as everything that is counted.
  get size() {
    return this.#real.length;
  }

  all() {
    return this.#real;
  }

  get tests() {
    return this.#order.length - this.#real.length;
  }

  shown(filter, name) {
    return this.#order.filter((lead) => matches(lead, filter, name));
  }

  // How many there are of each status among those that pass the rest of the filter, whoever has them.
  counts(filter, name) {
    const counts = Object.fromEntries(STATUSES.map((status) => [status, 0]));
    for (const lead of this.shown({ ...filter, status: "", mine: "" }, name)) counts[lead.status] += 1;
    return counts;
  }

  // How many leads each holder has of a status.
  held(status) {
    const counts = new Map();
    for (const lead of this.#real) if (lead.status === status) counts.set(lead.holder_id, (counts.get(lead.holder_id) ?? 0) + 1);
    return counts;
  }

  // The values that leads have of a field, sorted.
  values(field) {
    return [...new Set(this.#real.map((lead) => lead[field] || ""))].filter(Boolean).sort();
  }

  #sort() {
    this.#order = [...this.#known.values()].sort(byUrgency);
    this.#real = this.#order.filter((lead) => !lead.test);
  }
}
