// Every word that people read is in the catalogues, in both languages: `node --test tests/web/js`.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const HERE = new URL("../../../sla_monitor/web/static/", import.meta.url);
const CATALOGUES = /^(words|report-words|report-figures)\.mjs$/;
const read = (name) => readFileSync(new URL(name, HERE), "utf8");
const named = (pattern) => readdirSync(HERE).filter((name) => pattern.test(name));

// String literals of a script, without comments; a template counts without what it puts in.
function literals(code) {
  const found = [];
  const selector = /\b(?:querySelector(?:All)?|closest|matches|part)\((?:"[^"]*"|`[^`]*`|'[^']*')/g;
  const token = /\/\/.*$|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/gm;
  for (const [text] of code.replace(selector, "").matchAll(token)) {
    if (/^["'`]/.test(text)) found.push(text.slice(1, -1).replace(/\$\{[^}]*\}/g, "…"));
  }
  return found;
}

const TECHNICAL = new Set([
  "use strict", "noopener noreferrer", "Content-Type", "Content-Disposition", "GET", "POST", "PUT", "BUTTON", "INPUT", "SELECT", "TEXTAREA",
  "Enter", "Escape", "ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "BroadcastChannel", "C", "c", "С", "с",
]);

// Whether somebody could read it: letters of another script, two words, or one with a capital.
function isForPeople(text) {
  if (text.length < 2 || TECHNICAL.has(text) || /^[.#[\w-]*[.#[=:>]/.test(text)) return false; // a selector, a path, an address
  const two = /\p{L}{2,}[,.!?:…]? +\p{L}{2,}/u.test(text) && !/^(#|\.|\[|[a-z]+\[|translate|[a-z-]+ [.#[:>~])/.test(text);
  return /[^\p{Script=Latin}\P{L}]/u.test(text) || two || /^\p{Lu}\p{Ll}{2,}[ .!?…]*$/u.test(text);
}

test("scripts say nothing that is in no catalogue", () => {
  const scripts = named(/\.m?js$/).filter((name) => !CATALOGUES.test(name));
  assert.ok(scripts.length > 10);
  for (const name of scripts) assert.deepEqual(literals(read(name)).filter(isForPeople), [], name);
});

test("pages say nothing by themselves: their words are put in, and what stands without a script stands in both languages", () => {
  for (const name of named(/\.html$/)) {
    const page = read(name).replace(/<(script|style|svg)[^]*?<\/\1>/g, "");
    const [, noscript] = /<noscript>([^]*?)<\/noscript>/.exec(page);
    assert.match(noscript, /lang="en"[^]*lang="ru"/, name);
    const texts = page.replace(noscript, "").replace(/<title>sla-monitor<\/title>/, "").matchAll(/>([^<]+)</g);
    assert.deepEqual([...texts].map(([, text]) => text.trim()).filter((text) => /\p{L}/u.test(text) && text !== "CSV"), [], name);
    const attributes = page.matchAll(/(?:aria-label|title|placeholder|alt|value)="([^"]+)"/g);
    assert.deepEqual([...attributes].map(([, text]) => text), [], name);
  }
});

test("a sentence that is written into a script would be found", () => {
  const code = 'say(at("x"), "No connection"); // a comment that says much\nsay(y, `Hello ${name}`); say(z, "Привет"); f("a.b", "#rows .row", "Saved")';
  assert.deepEqual(literals(code).filter(isForPeople), ["No connection", "Hello …", "Привет", "Saved"]);
});
