// What every page lets people choose, with two buttons in its head: the language and the colours, remembered here.

import { at, memory, say, set } from "./dom.mjs";
import { WORDS, choose } from "./words.mjs";

const THEMES = ["auto", "light", "dark"];

export class Looks {
  // speak: is told the language, now and whenever another is chosen.
  constructor(speak) {
    this.language = choose(memory.get("language"), navigator.languages);
    this.theme = memory.get("theme") ?? "auto"; // which theme.js has put on already
    this.speak = speak;
    at("language").addEventListener("click", () => this.#switchLanguage());
    at("theme").addEventListener("click", () => this.#switchTheme());
    this.#show();
  }

  #switchLanguage() {
    this.language = this.language === "en" ? "ru" : "en";
    memory.set("language", this.language);
    this.#show();
  }

  #switchTheme() {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    memory.set("theme", this.theme === "auto" ? "" : this.theme);
    this.#show();
  }

  #show() {
    const root = document.documentElement;
    if (this.theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = this.theme;
    set(root, "lang", this.language);
    if (memory.get("language")) tell(this.language);
    const words = WORDS[this.language];
    set(at("theme"), "aria-label", words.themes[this.theme]);
    set(at("theme"), "title", words.themes[this.theme]);
    say(at("language"), words.language);
    set(at("language"), "lang", this.language === "en" ? "ru" : "en");
    this.speak(this.language);
  }
}

// For the pages that the server writes, such as that for signing in.
function tell(language) {
  document.cookie = `language=${language}; max-age=31536000; path=${new URL(".", document.baseURI).pathname}; samesite=lax`;
}

// Fill in what the page's HTML names: `data-say` becomes the text, `data-name` the accessible name.
export function fillIn(words) {
  const word = (path) => path.split(".").reduce((found, name) => found[name], words);
  for (const element of document.querySelectorAll("[data-say]")) say(element, word(element.dataset.say));
  for (const element of document.querySelectorAll("[data-name]")) set(element, "aria-label", word(element.dataset.name));
}
