// Search, copy buttons and the present page in the navigation. Everything else works without this script.
"use strict";

for (const link of document.querySelectorAll(".side a")) {
  if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}

for (const block of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.append(button);
}

const input = document.getElementById("search");
const list = document.getElementById("found");
let index = null;
let chosen = 0;

async function load() {
  index ??= fetch("/docs/search.json").then((answer) => answer.json());
  return index;
}

// Every word must be somewhere; names that begin with the text come first, then names that hold it.
function rank(entry, text, words) {
  const name = entry.title.toLowerCase();
  const all = name + " " + entry.text.toLowerCase();
  if (!words.every((word) => all.includes(word))) return 0;
  if (name.startsWith(text)) return 4;
  if (name.includes(text)) return 3;
  return words.every((word) => name.includes(word)) ? 2 : 1;
}

function show(entries) {
  list.replaceChildren(
    ...entries.map((entry, place) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = entry.href;
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", String(place === chosen));
      link.textContent = entry.title;
      const small = document.createElement("small");
      small.textContent = entry.text;
      link.append(small);
      item.append(link);
      return item;
    }),
  );
  list.hidden = entries.length === 0;
  input.setAttribute("aria-expanded", String(!list.hidden));
}

async function search() {
  const text = input.value.trim().toLowerCase();
  if (text === "") return show([]);
  const words = text.split(/\s+/);
  const ranked = (await load())
    .map((entry) => [rank(entry, text, words), entry])
    .filter(([points]) => points > 0)
    .sort(([one, a], [other, b]) => other - one || a.title.length - b.title.length);
  show(ranked.slice(0, 12).map(([, entry]) => entry));
}

input.addEventListener("input", () => {
  chosen = 0;
  search();
});
input.addEventListener("focus", load, { once: true });
input.addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")];
  if (event.key === "Escape") return show([]);
  if (event.key === "Enter") {
    event.preventDefault();
    links[chosen]?.click();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || links.length === 0) return;
  event.preventDefault();
  chosen = (chosen + step + links.length) % links.length;
  links.forEach((link, place) => link.setAttribute("aria-selected", String(place === chosen)));
  links[chosen].scrollIntoView({ block: "nearest" });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement === document.body) {
    event.preventDefault();
    input.focus();
  }
});
