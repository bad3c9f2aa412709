"use strict";
// Polls the open leads and counts down in between. Everything shown goes through textContent.
const POLL = 2000, SOON = 120;
const at = (id) => document.getElementById(id);
let speed = 1;
let rows = []; // [cell, due in page time (ms) or null]

function left(seconds) {
  const all = Math.abs(seconds), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60, s = all % 60;
  const two = (n) => String(n).padStart(2, "0");
  return (seconds < 0 ? "−" : "") + (h ? h + ":" + two(m) : m) + ":" + two(s);
}

function tick() {
  for (const [cell, due] of rows) {
    if (due === null) { cell.textContent = "–"; continue; }
    const seconds = Math.floor((due - performance.now()) * speed / 1000);
    cell.textContent = left(seconds);
    cell.className = "left" + (seconds < 0 ? " late" : seconds < SOON ? " soon" : "");
  }
}

function show(board) {
  speed = board.speed;
  const now = performance.now();
  rows = [];
  const lines = board.leads.map((lead) => {
    const line = document.createElement("tr");
    const cells = ["", lead.lead_id, lead.holder_name || "nobody", lead.status, "turn " + lead.turn, lead.team_id || ""];
    for (const text of cells) line.appendChild(document.createElement("td")).textContent = text;
    line.firstChild.className = "left";
    rows.push([line.firstChild, lead.seconds_left === null ? null : now + lead.seconds_left * 1000 / speed]);
    return line;
  });
  at("leads").replaceChildren(...lines);
  at("open").textContent = board.open;
  document.querySelector("table").hidden = lines.length === 0;
  at("empty").hidden = lines.length > 0;
  tick();
}

function say(text, broken) {
  at("state").textContent = text;
  at("state").className = broken ? "broken" : "";
}

async function poll() {
  try {
    const answer = await fetch("/v1/board");
    if (answer.status === 401) {
      location.assign("/sign-in");
    } else if (answer.ok) {
      show(await answer.json());
      say("Live", false);
    } else {
      say((await answer.json()).detail, true);
    }
  } catch {
    say("No connection; what you see may be old.", true);
  }
}

async function run() {
  for (;;) {
    if (!document.hidden) await poll();
    await new Promise((done) => setTimeout(done, POLL));
  }
}
setInterval(tick, 250);
run();
