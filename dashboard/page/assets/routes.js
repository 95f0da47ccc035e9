// SPDX-License-Identifier: Apache-2.0

import { byID, el, show, ask, heed, state, shownHost, objectKind, explainLink, routeLink, Refusal, took } from "./lib.js";

const page = 50, pagesMost = 500;
const form = byID("search"), q = byID("q"), rows = byID("rows"), count = byID("count"), detail = byID("detail"), more = byID("more");
const placeNames = ["host", "path", "match", "conditions", "address"];

let asking = null;

const chosenState = () => form.elements.state.value;

// The URL has what is looked for and which route is chosen, so that it can be shared.
function read() {
  const query = new URLSearchParams(location.search);
  q.value = query.get("q") ?? "";
  form.elements.state.value = query.get("state") ?? "";
  return query.has("path") ? Object.fromEntries(placeNames.map((name) => [name, query.get(name) ?? ""])) : null;
}

function write(place, push) {
  const query = new URLSearchParams();
  if (q.value) query.set("q", q.value);
  if (chosenState()) query.set("state", chosenState());
  for (const name of placeNames) if (place && (place[name] || name === "host")) query.set(name, place[name] ?? "");
  const url = query.size > 0 ? `?${query}` : location.pathname;
  history[push ? "pushState" : "replaceState"](null, "", url);
}

let chosen = read();

async function search(further, most = page) {
  asking?.abort();
  const controller = asking = new AbortController();
  const skip = further ? rows.childElementCount : 0;
  if (chosenState() === "refused") return searchRefused(controller.signal);
  const began = performance.now();
  try {
    const found = await ask("/api/v1/routes", { q: q.value, state: chosenState(), skip: skip || "", most }, controller.signal);
    const items = found.routes.map(row);
    const held = rows.contains(document.activeElement) && document.activeElement.getAttribute("href");
    if (further) rows.append(...items); else show(rows, items);
    if (held && !further) [...rows.querySelectorAll("a")].find((a) => a.getAttribute("href") === held)?.focus({ preventScroll: true });
    more.hidden = skip + found.routes.length >= found.matched;
    count.textContent = found.matched === found.total ? `${found.total.toLocaleString("en")} routes` : `${found.matched.toLocaleString("en")} of ${found.total.toLocaleString("en")} routes`;
    rows.dataset.took = String(Math.round(performance.now() - began));
    rows.dataset.for = q.value;
  } catch (error) { complain(error); }
}

async function searchRefused(signal) {
  try {
    const all = await ask("/api/v1/refused", {}, signal);
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((r) => words.every((w) => `${r.host}${r.path} ${r.ingress} ${r.service} ${r.reason}`.toLowerCase().includes(w)));
    show(rows, found.slice(0, 500).map((r) => el("li", {}, el("div", { class: "row" },
      el("span", { class: "where" }, shownHost(r), el("span", {}, ` ${r.path}`)), el("span", { class: "by" }, `${objectKind(r.ingress).kind} ${objectKind(r.ingress).name} ${r.rule}`),
      el("span", { class: "much" }, el("span", { class: "state refused" }, r.reason)), el("span", { class: "why" }, r.why)))));
    more.hidden = true;
    count.textContent = `${found.length.toLocaleString("en")} rules are written and not served`;
  } catch (error) { complain(error); }
}

function complain(error) {
  if (error.name === "AbortError") return;
  if (error instanceof Refusal) { count.textContent = error.message; show(rows); more.hidden = true; }
}

function isChosen(route) {
  return chosen !== null && placeNames.every((name) => (route[name] ?? "") === (chosen[name] ?? ""));
}

function row(r) {
  const link = el("a", { href: routeLink(r), "aria-current": isChosen(r) && "true", onclick: (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    chosen = Object.fromEntries(placeNames.map((name) => [name, r[name] ?? ""]));
    write(chosen, true);
    for (const other of rows.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    choose(true);
  } },
  el("span", { class: "where" }, shownHost(r), el("span", {}, ` ${r.path}`)),
  el("span", { class: "by" }, [r.ingress, r.match !== "Prefix" && r.match, r.conditions && `if ${r.conditions}`].filter(Boolean).join(" · ")),
  el("span", { class: "much" }, state(r.state), r.answers || r.endpoints === 0 ? r.answers : `${r.taking} of ${r.endpoints}`),
  r.state !== "serving" && el("span", { class: "why" }, r.closedWhy || r.why || r.closed || "no endpoint takes requests"));
  return el("li", {}, link);
}

async function choose(focus) {
  if (chosen === null) { show(detail); return; }
  try {
    const wanted = chosen, r = await ask("/api/v1/route", chosen);
    show(detail, ...describe(r));
    showObject(r, wanted);
    if (focus && matchMedia("(max-width: 900px)").matches) detail.scrollIntoView({ block: "start" });
  } catch (error) {
    if (error instanceof Refusal) show(detail, el("p", { class: "empty" }, "This route is not served any more."));
  }
}

// showObject adds the object that a route is of, with its place marked. What is served from files has none.
async function showObject(r, wanted) {
  let object;
  try { object = await ask("/api/v1/object", { object: r.ingress, rule: r.rule }); } catch { return; }
  if (chosen !== wanted) return;
  const lines = object.text.replace(/\n$/, "").split("\n"), { firstLine: first = 0, lastLine: last = 0 } = object;
  const text = (from, to) => lines.slice(from, to).map((l) => `${l}\n`).join("");
  const mark = el("mark", {}, text(first - 1, last));
  const code = el("pre", { tabindex: 0, role: "region", "aria-label": `${object.kind} ${object.namespace}/${object.name} as YAML` }, first > 0 ? [text(0, first - 1), mark, text(last)] : text(0));
  detail.append(el("div", { class: "part" }, el("h3", {}, `${object.kind} ${object.namespace}/${object.name} `, el("span", { class: "muted" }, object.apiVersion)), code));
  if (first > 0) code.scrollTop = mark.offsetTop - 60;
}

function describe(r) {
  const object = objectKind(r.ingress);
  const facts = [
    ["State", [state(r.state), " ", r.closedWhy || r.why || ""]],
    ["Object", [object.kind, " ", el("b", {}, object.name)]],
    ["Place", el("code", {}, /^-?\d+\.-?\d+$/.test(r.rule) ? placeOf(r.rule) : r.rule)],
    ["Match", `${r.match}${r.conditions ? ` if ${r.conditions}` : ""}`],
    r.listener && ["Listener", `${r.listener} at ${r.address}`],
    r.owner && ["Host's owner", r.owner],
    ["Certificate", r.certificate ? `${r.certificate.id}, until ${new Date(r.certificate.notAfter).toLocaleDateString("en", { dateStyle: "medium" })}${r.redirectHTTPS ? "; http is redirected" : ""}` : "none"],
    r.canary && ["Canary", r.canary],
    r.timeouts && Object.keys(r.timeouts).length > 0 && ["Timeouts", Object.entries(r.timeouts).map(([name, s]) => `${name} ${took(s)}`).join(", ")],
    r.retries && ["Retries", `${r.retries.attempts}${r.retries.codes ? ` after ${r.retries.codes.join(", ")}` : ""}`],
    r.fallback && ["Fallback", r.fallback.service],
    r.mirrors && ["Mirrors", r.mirrors.map((m) => `${m.service} ${Math.round(m.share * 100)} %`).join(", ")],
    r.errorPages && ["Error pages", r.errorPages.map((p) => `${p.statuses.join(", ")} of ${p.service}`).join("; ")],
  ].filter(Boolean);
  const live = new URLSearchParams({ object: r.ingress, rule: r.rule });
  return [
    el("h2", {}, shownHost(r), r.path),
    el("dl", { class: "facts" }, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("p", { class: "actions" }, r.url && el("a", { class: "button", href: explainLink({ url: r.url }) }, "Explain a request"), el("a", { class: "button quiet", href: `/view/live?${live}` }, "Watch its requests")),
    el("div", { class: "part" }, el("h3", {}, "Policies, in their order"), r.policies?.length > 0 ? el("ol", { class: "order" }, r.policies.map((p) => el("li", {}, p))) : el("p", { class: "muted" }, "None.")),
    ...(r.pools ?? []).map((p) => el("div", { class: "part" },
      el("h3", {}, `${p.service} `, el("span", { class: "muted" }, [p.protocol, p.policy, shareOf(r, p)].filter(Boolean).join(" · "))),
      p.tasks.length === 0 ? el("p", { class: "muted" }, p.why || "It has no endpoints.") : el("ul", { class: "tasks" }, p.tasks.map(task)))),
  ];
}

function shareOf(r, pool) {
  const backend = r.backends?.find((b) => b.pool === pool.id);
  return backend ? `${Math.round(backend.share * 100)} % of the requests` : "";
}

function placeOf(rule) {
  const [i, j] = rule.split(".").map(Number);
  if (i < 0) return "the default backend";
  return j < 0 ? `spec.rules[${i}]` : `spec.rules[${i}].paths[${j}]`;
}

function task(t) {
  return el("li", {}, el("span", { class: "mono" }, t.address), el("span", {}, el("span", { class: "muted" }, t.active > 0 ? `${t.active} under way ` : ""), state(t.takesRequests ? t.health.toLowerCase() : "out")),
    el("p", {}, [t.id, t.weight !== 1 && `weight ${t.weight}`, t.why, t.lastError && `last failed: ${t.lastError}`].filter(Boolean).join(" · ")));
}

form.addEventListener("submit", (event) => { event.preventDefault(); search(false); });
q.addEventListener("input", () => { write(chosen); search(false); });
form.addEventListener("change", (event) => { if (event.target !== q) { write(chosen); search(false); } });
more.addEventListener("click", () => search(true));
window.addEventListener("popstate", () => { chosen = read(); search(false); choose(false); });
rows.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...rows.querySelectorAll("a")], at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  if (at < 0) q.focus(); else links[at]?.focus();
  event.preventDefault();
});
q.addEventListener("keydown", (event) => { if (event.key === "ArrowDown") { rows.querySelector("a")?.focus(); event.preventDefault(); } });

search(false);
choose(false);
heed(() => {
  search(false, Math.min(pagesMost, Math.max(page, rows.childElementCount))); // as many as somebody reads
  choose(false);
});
