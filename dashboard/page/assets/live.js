// SPDX-License-Identifier: Apache-2.0

import { byID, el, show, follow, took, explainLink } from "./lib.js";

const most = 200;
const form = byID("filters"), body = byID("requests"), counts = byID("counts"), refused = byID("refused"), pause = byID("pause");
const names = [...form.elements].map((e) => e.name).filter(Boolean);
let stop = null, waiting = [], extra = {};

function read() {
  const query = new URLSearchParams(location.search);
  for (const name of names) form.elements[name].value = query.get(name) ?? "";
  extra = Object.fromEntries([...query].filter(([name]) => name === "rule" || name === "method"));
}

function query() {
  const q = new URLSearchParams(extra);
  for (const name of names) if (form.elements[name].value.trim()) q.set(name, form.elements[name].value.trim());
  return q;
}

async function begin() {
  stop?.();
  stop = null;
  refused.hidden = true;
  if (pause.getAttribute("aria-pressed") === "true") return;
  const url = `/api/v1/requests?${query()}`;
  // An EventSource does not tell what an answer says that refuses it.
  const controller = new AbortController();
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) {
      refused.textContent = (await response.text()).trim();
      refused.hidden = false;
      return;
    }
  } catch { /* follow says so */ } finally { controller.abort(); }
  stop = follow(url, {
    message: (r) => waiting.push(r),
    counts: (c) => {
      counts.textContent = `${c.ended.toLocaleString("en")} requests ended since you look, ${c.matched.toLocaleString("en")} are of these` +
        (c.shown < c.matched ? `, ${c.shown.toLocaleString("en")} of them were shown: a sample` : "");
    },
  });
}

// Rows are added together, at most at each frame.
function drain() {
  if (waiting.length > 0) {
    const rows = waiting.slice(-most).reverse().map(row);
    waiting = [];
    body.prepend(...rows);
    while (body.rows.length > most) body.deleteRow(-1);
  }
  setTimeout(() => requestAnimationFrame(drain), 150);
}

function row(r) {
  const tone = r.status >= 500 ? "bad" : r.status >= 400 ? "warn" : "";
  const target = (r.path ?? "") + (r.query ? `?${r.query}` : "");
  const place = r.host && r.scheme && r.path?.startsWith("/") ? `${r.scheme}://${r.host}${target}` : null;
  return el("tr", {},
    el("td", { class: "time" }, r.time ? new Date(r.time).toLocaleTimeString() : ""),
    el("td", { class: `code ${tone}` }, r.status ?? ""),
    el("td", {}, el("span", { class: "muted" }, `${r.method ?? ""} `), r.host ?? "", target),
    el("td", { class: "number" }, took(r.durationSeconds)),
    el("td", {}, r.reason ?? "", r.cause && el("span", { class: "muted" }, ` ${r.cause}`)),
    el("td", { class: "mono" }, r.client ?? ""),
    el("td", {}, r.ingress ? el("a", { href: `/view/routes?q=${encodeURIComponent(r.ingress)}` }, `${r.ingress} ${r.rule ?? ""}`) : ""),
    el("td", {}, place && el("a", { href: explainLink({ url: place, method: r.method, client: r.client }), "aria-label": `Explain ${r.method} ${place}` }, "why")));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  extra = {};
  const q = query();
  history.pushState(null, "", q.size > 0 ? `?${q}` : location.pathname);
  show(body);
  begin();
});
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  begin();
});
window.addEventListener("popstate", () => { read(); show(body); begin(); });
read();
begin();
drain();
