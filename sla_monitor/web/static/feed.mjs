// The stream of the server, and what it means for the page.

import { ServerClock } from "./clock.mjs";
import { Link } from "./link.mjs";
import { toSignIn } from "./session.mjs";

const KINDS = ["hello", "leads", "gone", "people", "hour", "news", "beat"];
const AGAIN = 3000; // ms, and as much again by chance, so that not all pages come back at once

export class Feed {
  link = new Link();
  #source = null;

  // changed(): something to show has changed. started(): who looks may be another than before.
  constructor(page, { changed, started }) {
    this.page = page;
    this.changed = changed;
    this.started = started;
    setInterval(() => this.#tick(), 1000);
  }

  open() {
    this.#source?.close();
    this.#source = new EventSource("v1/board/stream");
    for (const kind of KINDS) this.#source.addEventListener(kind, (event) => this.#hear(kind, JSON.parse(event.data)));
    this.#source.addEventListener("error", () => this.#broken());
  }

  #hear(kind, data) {
    const at = performance.now();
    this[`_${kind}`](data, at);
    this.link.heard(at, this.page.hello.beat * 1000);
    this.changed();
  }

  _hello(hello, at) {
    this.page.hello = hello;
    this.page.clock = new ServerClock(hello.now, at, hello.speed);
    this.page.leads.begin(hello.fields);
    this.started();
  }

  _leads(lines) {
    this.page.leads.set(lines);
  }

  _gone({ ids }) {
    this.page.leads.drop(ids);
  }

  _people({ managers }) {
    this.page.people = managers;
  }

  _hour(hour) {
    this.page.hour = hour;
  }

  _news({ items }) {
    this.page.news = items;
  }

  _beat({ now, unready }, at) {
    this.page.clock.hear(now, at);
    this.page.unready = unready;
    this.page.leads.confirm();
  }

  #tick() {
    const before = this.link.state;
    if (this.link.tick(performance.now()) === before) return;
    this.changed();
    if (this.link.state === "stale") this.open();
  }

  async #broken() {
    const closed = this.#source.readyState === EventSource.CLOSED;
    this.link.lost();
    this.changed();
    if (!closed) return; // the browser tries again
    const status = await statusOf("v1/me");
    if (status === 401) toSignIn();
    if (status === 403) this.link.refused();
    this.changed();
    setTimeout(() => this.open(), (this.link.state === "out" ? 10 : 1) * AGAIN * (1 + Math.random()));
  }
}

async function statusOf(path) {
  try {
    return (await fetch(path)).status;
  } catch {
    return 0;
  }
}
