// SPDX-License-Identifier: Apache-2.0

import { byID, el, svg, show, ask, heed, state, hostText, routeLink, objectKind, Refusal, took } from "./lib.js";

const form = byID("ask"), refused = byID("refused"), out = byID("explanation");

function read() {
  const query = new URLSearchParams(location.search);
  for (const name of ["url", "client", "listener"]) byID(name).value = query.get(name) ?? "";
  const method = query.get("method") ?? "GET";
  if (![...byID("method").options].some((o) => o.value === method)) byID("method").append(el("option", {}, method));
  byID("method").value = method;
  byID("headers").value = query.getAll("header").join("\n");
}

function question() {
  const url = byID("url").value.trim();
  return {
    url: url && !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? `http://${url}` : url, method: byID("method").value, client: byID("client").value.trim(), listener: byID("listener").value.trim(),
    header: byID("headers").value.split("\n").filter((h) => h.trim() !== ""),
  };
}

function link(asked) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    for (const one of [value].flat()) if (one && !(name === "method" && one === "GET")) query.append(name, one);
  }
  return `?${query}`;
}

// What was asked last is asked again when routes change, and not what somebody types just then.
let last = null;

async function explain(asked = question()) {
  if (asked.url === "") return;
  last = asked;
  try {
    const e = await ask("/api/v1/explain", asked);
    refused.hidden = true;
    show(out, ...draw(e, asked));
  } catch (error) {
    if (!(error instanceof Refusal)) return;
    refused.textContent = error.message;
    refused.hidden = false;
    show(out);
  }
}

const signs = { passed: "M8.5 14.5l3.5 3.5 7.5-8", ended: "M10 10l8 8M18 10l-8 8", skipped: "M0 0" };

function step(kind, title, ...content) {
  return el("li", { class: kind }, svg("svg", { viewBox: "0 0 28 28", "aria-hidden": "true" }, svg("circle", { cx: 14, cy: 14, r: 12.5 }), svg("path", { d: signs[kind] })),
    el("h2", {}, title, el("span", { class: "visually-hidden" }, { passed: ": passed", ended: ": ended here", skipped: ": not reached" }[kind])), ...content.flat().filter(Boolean).map((c) => el("div", { class: "step" }, c)));
}

// draw is the request's way through the phases, in their order.
function draw(e, asked) {
  const a = e.answer, own = Boolean(a.status || a.tlsAlert);
  const why = a.reason ?? "";
  const tone = a.tlsAlert || a.status >= 400 ? "bad" : a.status >= 300 ? "warn" : "";
  const verdict = el("div", { class: `verdict ${tone}` }, el("strong", {}, a.tlsAlert ? "No TLS" : a.status ? `${a.status} ${why}` : "Passed on"),
    el("p", {}, a.location ? `to ${a.location}` : own ? a.text : `${a.text} answer goes to the client`, a.page ? `; ${a.page} is asked for a page in its place` : ""));
  const winner = e.candidates?.find((c) => c.wins);
  const way = [];

  const certificate = e.certificate ? ["certificate ", el("b", {}, e.certificate.id), e.certificate.default ? " (the default one)" : "", `, until ${new Date(e.certificate.notAfter).toLocaleDateString("en", { dateStyle: "medium" })}`] : [a.tlsAlert ? a.text : "the host has no certificate"];
  way.push(step(a.tlsAlert ? "ended" : "passed", "Connection", e.listener ? [`listener ${e.listener.id || "(none for the host)"} at ${e.listener.address}`] : null, el("span", {}, certificate)));
  if (!a.tlsAlert) {
    const read = e.request.host || e.request.path;
    way.push(step(read ? "passed" : "ended", "The request, as it is understood", facts([
      ["Method", e.request.method], ["Host", e.request.host ? `${e.request.host}${e.request.owner ? `, of ${e.request.owner}` : ""}` : null], ["Path", e.request.path],
      ["Client", `${e.request.client}${e.request.trustedPeer ? `, named by the trusted proxy ${e.request.peer}` : ""}${e.request.secure ? ", over HTTPS" : ""}`],
    ]), !read && a.text));
    const routed = Boolean(winner);
    const before = ["RedirectToHTTPS", "ACMEChallenge", "MisdirectedRequest"].includes(why);
    if (read || e.candidates) way.push(step(before ? "ended" : routed ? "passed" : why === "AmbiguousPath" || e.candidates || why ? "ended" : "skipped", "Route",
      before && a.text, !routed && !before && a.text, candidates(e.candidates), e.hints && el("ul", {}, e.hints.map((h) => el("li", { class: "muted" }, h)))));
    if (e.access) way.push(step(e.access.admitted ? "passed" : "ended", "Access control", [e.access.why, e.access.prefix ? ` (${e.access.prefix})` : ""]));
    if (e.rateLimit) way.push(step(e.rateLimit.allowed ? "passed" : "ended", "Rate limit",
      `${e.rateLimit.perSecond} a second, ${e.rateLimit.burst} at once${e.rateLimit.replicas > 1 ? `, shared by ${e.rateLimit.replicas} replicas` : ""}; ${e.rateLimit.left.toLocaleString("en", { maximumFractionDigits: 1 })} left for this client`,
      e.rateLimit.retryAfterSeconds && `told to wait ${took(e.rateLimit.retryAfterSeconds)}`));
    for (const p of e.policies ?? []) way.push(step(p.passed ? "passed" : "ended", p.name, p.text));
    if (e.backends || e.session || e.mirrors || e.errorPages || e.retries) way.push(step("passed", "What the rule does with it", facts([
      ["Backends", e.backends?.map((b) => `${b.service || "none that can be used"} ${(b.share * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`).join(", ")],
      ["Session", e.session && (e.session.stays ? `stays at ${e.session.task ?? "its endpoint"}` : `begins: ${e.session.why}`)],
      ["Mirrors", e.mirrors?.map((m) => `${m.service} ${Math.round(m.share * 100)} %`).join(", ")],
      ["Error pages", e.errorPages?.map((p) => `${p.statuses.join(", ")} of ${p.service}`).join("; ")],
      ["Retries", e.retries && `${e.retries.attempts}${e.retries.codes ? ` after ${e.retries.codes.join(", ")}` : ""}`],
    ])));
    if (e.upstream) way.push(step("passed", "What the endpoint gets", el("div", { class: "fields" }, `${e.upstream.method} ${e.upstream.target}\n`, e.upstream.headers.map((h) => `${h.name}: ${h.value}`).join("\n"))));
    if (e.pool) {
      const taking = e.pool.tasks.filter((t) => t.takesRequests).length;
      way.push(step(!e.upstream ? "skipped" : taking > 0 ? "passed" : "ended", `Endpoint of ${e.pool.service}`, `${e.pool.protocol}, ${e.pool.policy}: ${taking} of ${e.pool.tasks.length} take requests`, e.pool.tls, e.pool.why,
        el("ul", { class: "tasks" }, e.pool.tasks.slice(0, 20).map((t) => el("li", {}, el("span", { class: "mono" }, t.address), state(t.takesRequests ? t.health.toLowerCase() : "out"), (t.why || t.lastError) && el("p", {}, [t.why, t.lastError && `last failed: ${t.lastError}`].filter(Boolean).join(" · ")))))));
    }
    way.push(step(own && tone === "bad" ? "ended" : "passed", "Answer", own ? `${a.status} ${why}: ${a.text}` : `${a.text}`, e.fallback && (e.fallback.takes ? "the fallback takes it" : null)));
  }
  const command = ["kubectl warren explain", quote(asked.url), asked.method !== "GET" && `-X ${quote(asked.method)}`, asked.client && `--client ${quote(asked.client)}`,
    asked.listener && `--listener ${quote(asked.listener)}`, ...asked.header.map((h) => `-H ${quote(h)}`)].filter(Boolean).join(" ");
  const json = new URLSearchParams(link(asked));
  return [verdict, el("ol", { class: "way", "aria-label": "The request's way" }, way),
    el("div", { class: "card" }, el("div", { class: "card-head" }, el("h2", {}, "The same elsewhere")), el("div", { class: "fields" }, command),
      el("p", { class: "share" }, copy("Copy the command", command), copy("Copy a link to this page", location.origin + location.pathname + link(asked)), el("a", { href: `/api/v1/explain?${json}` }, "JSON"),
        el("span", { class: "muted" }, `decided by generation ${e.generation}`)))];
}

function facts(list) {
  const there = list.filter(([, value]) => value);
  return there.length > 0 && el("dl", { class: "facts" }, there.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function candidates(list) {
  if (!list || list.length === 0) return null;
  const item = (c) => el("li", { class: c.wins ? "won" : c.mismatched ? "lost" : "" },
    c.unserved ? el("b", {}, hostText(c.host) + c.path) : el("a", { href: routeLink(c) }, hostText(c.host) + c.path), " ", el("span", { class: "muted" }, [c.match, c.conditions && `if ${c.conditions}`, `${objectKind(c.ingress).kind} ${objectKind(c.ingress).name}`, c.rule].filter(Boolean).join(" · ")),
    el("p", {}, c.why));
  const shown = list.slice(0, 6), rest = list.slice(6);
  return el("div", {}, el("ul", { class: "candidates" }, shown.map(item)), rest.length > 0 && el("details", {}, el("summary", {}, `${rest.length} more`), el("ul", { class: "candidates" }, rest.map(item))));
}

function copy(name, text) {
  const button = el("button", { type: "button", class: "quiet", onclick: async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "The browser does not allow it"; }
    setTimeout(() => { button.textContent = name; }, 1500);
  } }, name);
  return button;
}

// quote writes an argument as a shell takes it.
const quote = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

form.addEventListener("submit", (event) => { event.preventDefault(); history.pushState(null, "", link(question())); explain(); });
window.addEventListener("popstate", () => { read(); explain(); });
read();
explain();
heed(() => last && explain(last));
