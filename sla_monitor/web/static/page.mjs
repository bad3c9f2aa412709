// What all parts of the page share: who looks, in which language, by which clock, at what.

import { DAY, HOUR, ServerClock, nearness, span } from "./clock.mjs";
import { at, say } from "./dom.mjs";
import { Leads } from "./leads.mjs";
import { fillIn } from "./looks.mjs";
import { WORDS } from "./words.mjs";

const LONG = 10 * HOUR;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DATE = { day: "numeric", month: "short" };
const DAYS = { today: null, week: { weekday: "short" }, year: DATE, far: { ...DATE, year: "numeric" } };

// How people call what has an id: by its name, else by the id.
const called = (names, id) => (names && Object.hasOwn(names, id) ? names[id] : (id ?? ""));

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
    const format = (parts) => new Intl.DateTimeFormat(language, parts);
    this.#days = Object.fromEntries(Object.entries(DAYS).map(([near, parts]) => [near, parts && format(parts)]));
    this.#clock = format(TIME);
    this.#seconds = format({ ...TIME, second: "2-digit" });
    fillIn(this.words);
  }

  #clock;
  #seconds;
  #days;

  // An instant in the zone of whoever looks, with its day as soon as that is not today.
  time(ms, seconds = false) {
    if (!ms) return "";
    const day = this.#days[nearness(ms, this.now())];
    const time = (seconds ? this.#seconds : this.#clock).format(ms);
    return day ? `${day.format(ms)} ${time}` : time;
  }

  // A span of time that is counted; without seconds from ten hours on, in days and hours once it is more than a day.
  span(ms) {
    if (ms >= LONG && ms < DAY) return this.words.hours(span(ms).slice(0, -3));
    return ms < DAY ? span(ms) : this.words.days(Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR));
  }

  team(id) {
    return called(this.hello?.teams, id);
  }

  promise(policy) {
    return called(this.hello?.policies, policy);
  }

  // What stands for a lead: its id, or for one made of a missed call the number, of which a list shows the ends.
  title(lead) {
    const [phone] = lead.phones ?? [];
    const missed = lead.channel === "missed_call" && phone && lead.lead_id.startsWith("missed:");
    return missed ? this.words.missed(`${phone.slice(0, -7)}•••${phone.slice(-4)}`) : lead.lead_id;
  }

  name(managerId) {
    return called(this.hello?.names, managerId);
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
