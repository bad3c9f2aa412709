// Beside the leads: people, the last hour, the news.

import { span } from "./clock.mjs";
import { at, copy, each, element, mark, options, say, set } from "./dom.mjs";
import { MOST, plot, share, summary } from "./figures.mjs";
import { lines, parts } from "./telling.mjs";
import { word } from "./words.mjs";

const STATUSES = ["available", "busy", "away", "offline"];
const SPANS = [0, 15, 30, 60, 120];
const AGAIN = 30_000; // ms
const LEFT = 8, RIGHT = 312, TOP = 18, BOTTOM = 108; // of the plot

// set(managerId, status, minutes): somebody's presence.
export class People {
  constructor(page, { presence }) {
    this.page = page;
    this.presence = presence;
    this.list = document.querySelector("#people ul");
  }

  show() {
    const order = [...this.page.people].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.escalated = this.page.leads.held("escalated");
    each(this.list, order, (one) => one.manager_id, (one) => this.#make(one), (child, one) => this.#fill(child, one));
  }

  #make(one) {
    const made = copy("t-person");
    const form = made.querySelector("form");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const [what, long] = form.querySelectorAll("select");
      if (await this.presence(one.manager_id, what.value, Number(long.value))) made.querySelector("details").open = false;
      made.querySelector("summary").focus();
    });
    return made;
  }

  #fill(child, one) {
    const { words } = this.page;
    const part = (name) => child.querySelector(name);
    const ends = one.presence === "off_shift" ? one.shift_changes_at : one.until;
    mark(part(".name"), one.presence);
    set(child, "data-presence", one.presence);
    say(part("b"), one.name);
    const until = ends ? ` ${words.until(this.page.time(Date.parse(ends)))}` : "";
    say(part(".presence"), word(words.presence, one.presence) + until);
    say(part(".load"), words.load(one.open_leads, one.capacity));
    const escalated = this.escalated.get(one.manager_id);
    say(part(".share"), (escalated ? `${words.escalated(escalated)}; ` : "") + words.share(share(one)));
    part("details").hidden = !this.page.actsFor(one.manager_id);
    say(part("summary"), words.change);
    set(part("summary"), "aria-label", words.changeOf(one.name));
    const [what, long] = child.querySelectorAll("label span");
    say(what, words.changeOf(one.name));
    say(long, words.lasts);
    options(part(".what"), STATUSES.map((status) => [status, words.presence[status]]));
    options(part(".long"), SPANS.map((minutes) => [String(minutes), words.spans[minutes]]));
    say(part("button"), words.set);
  }
}

// open(id): the lead of a point.
export class Hour {
  constructor(page, { open }) {
    this.page = page;
    this.open = open;
    this.drawing = document.querySelector("#hour svg g");
    this.drawn = [];
  }

  // Drawn anew when something came, and now and then because time passes.
  show() {
    const { words, hour } = this.page;
    const drawn = [words, hour, Math.floor(this.page.now() / AGAIN)];
    if (drawn.every((one, n) => one === this.drawn[n])) return;
    this.drawn = drawn;
    this.#draw(words, hour);
  }

  #draw(words, hour) {
    const found = summary(hour.responses);
    say(at("hour-text"), found ? words.hourOf(found, span(found.half), span(found.most)) : words.noHour);
    const points = plot(hour.responses, this.page.now());
    this.drawing.replaceChildren(this.#axis(words), ...points.map((point) => this.#dot(point, words)));
  }

  #axis(words) {
    const axis = copy("t-axis").firstElementChild;
    const line = axis.querySelector("line.target");
    const y = BOTTOM - (BOTTOM - TOP) / MOST;
    set(line, "y1", y);
    set(line, "y2", y);
    const label = axis.querySelector("text.target");
    set(label, "y", y - 4);
    label.textContent = words.dueLine;
    axis.querySelector("text.top").textContent = words.most(MOST * 100);
    axis.querySelector("text.from").textContent = words.hourAgo;
    axis.querySelector("text.to").textContent = words.now;
    return axis;
  }

  // In time a disc, late a triangle: told apart without colours. A click opens the lead.
  #dot({ x, y, ok, id, percent, ms, when }, words) {
    const shape = copy("t-dot").children[ok ? 0 : 1];
    set(shape, "class", ok ? "met" : "missed");
    set(shape, "transform", `translate(${LEFT + x * (RIGHT - LEFT)} ${BOTTOM - y * (BOTTOM - TOP)})`);
    shape.querySelector("title").textContent = words.answered(id, percent, this.page.span(ms), this.page.time(when));
    shape.addEventListener("click", () => this.open(id));
    return shape;
  }
}

// open(id): a lead that was named.
export class News {
  constructor(page, { open }) {
    this.page = page;
    this.open = open;
    this.list = document.querySelector("#news ol");
  }

  show() {
    const { words, news } = this.page;
    if (!news.length) return this.list.replaceChildren(element("li", words.noNews, "none"));
    each(this.list, lines(news), (item) => `${item.at} ${item.kind} ${item.lead_id} ${item.reason}`, (item) => this.#make(item), (child, item) => {
      const { measure, reason } = parts(item);
      const named = { ...item, from: this.#name(item.by), holder_id: this.#name(item.by), to: this.#name(item.to), measure, nobody: !item.by };
      const why = reason ? ` (${word(words.reasons, reason)})` : "";
      set(child, "data-kind", item.kind);
      say(child.querySelector("time"), this.page.time(item.at));
      say(child.querySelector("button"), item.lead_id);
      say(child.querySelector(".what"), (words.tell[item.kind]?.(named) ?? item.kind) + why);
    });
  }

  #name(id) {
    return id ? this.page.name(id) : this.page.words.somebody;
  }

  #make(item) {
    const made = copy("t-news");
    made.querySelector("button").addEventListener("click", () => this.open(item.lead_id));
    return made;
  }
}
