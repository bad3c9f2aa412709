// What all parts of the page share: who looks, in which language, by which clock, at what.

import { ServerClock } from "./clock.mjs";
import { at, say } from "./dom.mjs";
import { Leads } from "./leads.mjs";
import { fillIn } from "./looks.mjs";
import { WORDS } from "./words.mjs";

export class Page {
  constructor() {
    this.leads = new Leads();
    this.clock = new ServerClock();
    this.me = null; // as GET /v1/me tells
    this.hello = null; // as the stream began
    this.people = [];
    this.hour = { responses: [], answered_at: 0 };
    this.news = [];
    this.unready = [];
  }

  now() {
    return this.clock.now(performance.now());
  }

  speak(language) {
    this.language = language;
    this.words = WORDS[language];
    const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    this.#clock = new Intl.DateTimeFormat(language, { ...time });
    this.#seconds = new Intl.DateTimeFormat(language, { ...time, second: "2-digit" });
    this.#day = new Intl.DateTimeFormat(language, { ...time, weekday: "short", day: "numeric", month: "short" });
    fillIn(this.words);
  }

  #clock;
  #seconds;
  #day;

  // An instant in the zone of whoever looks: the time alone if it is near.
  time(ms, seconds = false) {
    if (!ms) return "";
    const far = Math.abs(ms - this.now()) > 20 * 3_600_000;
    return (far ? this.#day : seconds ? this.#seconds : this.#clock).format(ms);
  }

  name(managerId) {
    return this.hello?.names[managerId] ?? managerId;
  }

  // Whether we may act for a manager, as the server will find.
  actsFor(managerId) {
    return this.leading || (this.me?.role === "manager" && this.me.manager_id === managerId);
  }

  get leading() {
    return this.me?.role === "head" || this.me?.role === "admin";
  }

  // For whom a claim of ours is, if we may claim at all.
  get claimant() {
    return this.me && this.me.role !== "viewer" ? this.me.manager_id : null;
  }

  // Tell whoever looks or listens, once: the one place on the page that speaks up.
  announce(text, trouble = false) {
    const said = document.querySelector(at("drawer").open ? "#drawer .said" : "#said"); // the rest is inert then
    say(said, text);
    said.classList.toggle("trouble", trouble);
    said.classList.add("shown");
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => said.classList.remove("shown"), 6000);
  }

  #quiet = 0;
}
