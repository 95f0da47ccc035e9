// SPDX-License-Identifier: Apache-2.0

import { byID, el, svg, show, ask, heed, plural, state } from "./lib.js";
import { meter, left, urgency } from "./validity.js";

const day = (text) => new Date(text).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
const minute = (text) => new Date(text).toLocaleString("en", { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });

async function load() {
  let served, orders;
  try {
    [served, orders] = await Promise.all([ask("/api/v1/certificates"), ask("/api/v1/orders").catch(() => ({ certificates: [], ledger: [] }))]);
  } catch { return; }
  const soon = served.filter((c) => urgency(c) !== "").length, failing = orders.certificates.filter((o) => !o.ready).length;
  show(byID("lead"), served.length + orders.certificates.length === 0 ? "No certificate is served. A host that is asked for over HTTPS gets none." :
    [`${plural(served.length, "certificate is", "certificates are")} served, the one that expires first at the top. `,
      soon === 0 && failing === 0 && "None needs attention.", soon > 0 && el("span", { class: "bad" }, `${soon} ${soon === 1 ? "expires" : "expire"} soon. `),
      failing > 0 && el("span", { class: "bad" }, `${failing} that ${failing === 1 ? "is" : "are"} wanted ${failing === 1 ? "is" : "are"} not there.`)].filter(Boolean));
  const ids = new Set(served.map((c) => c.id));
  const missing = orders.certificates.filter((o) => !ids.has(o.secret));
  show(byID("certificates"),
    missing.map((o) => el("li", {}, el("div", {}, el("h2", {}, o.secret), el("p", { class: "hosts" }, (o.hosts ?? []).join(", "))), el("p", { class: "left" }, state("bad", "missing")), order(o, orders.ledger))),
    served.map((c) => card(c, orders)));
}

function card(c, orders) {
  const own = orders.certificates.filter((o) => o.secret === c.id);
  return el("li", {},
    el("div", {}, el("h2", {}, c.id), el("p", { class: "hosts" }, (c.hosts ?? []).join(", ") || "–", c.default && ", and every other name")),
    el("p", { class: "left" }, left(c), el("small", {}, c.days < 0 ? "" : "left")),
    el("div", { class: "life" }, meter(c)),
    el("p", { class: "ends" }, el("span", {}, c.notBefore ? `since ${day(c.notBefore)}` : ""), el("span", {}, `until ${day(c.notAfter)}`)),
    own.map((o) => order(o, orders.ledger)));
}

const steps = [["ordering", "Order"], ["proving", "Prove the hosts"], ["finalizing", "Get the certificate"], ["issued", "Serve it"]];

// order draws how far an order is, what comes next, and what was ordered in the last week.
function order(o, ledger) {
  const at = steps.findIndex(([step]) => step === o.step), idle = o.step === "waiting" || o.step === "off";
  const rail = el("ol", { class: `rail ${o.step}`, "aria-label": "How far the order is" }, steps.map(([step, name], i) => {
    const kind = idle ? "" : i < at || o.step === "issued" ? "done" : i === at ? "now" : "";
    return el("li", { class: kind, "aria-current": i === at && "step" },
      svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("circle", { cx: 10, cy: 10, r: 8 }), kind === "done" && svg("path", { d: "M6 10.5l2.8 2.7 5.4-5.8" }), kind === "now" && svg("circle", { class: "core", cx: 10, cy: 10, r: 3.5 })),
      name, kind === "done" && el("span", { class: "visually-hidden" }, ": done"));
  }));
  const placed = ledger.filter((e) => e.certificate === o.name);
  const facts = [
    ["TLSCertificate", o.name],
    ["Now", [o.progress || o.issuing, o.step === "waiting" && o.issuing ? ` (${o.issuing})` : ""]],
    !o.ready && ["Not ready", [o.reason, o.message && `: ${o.message}`]],
    o.nextAttemptTime && ["Next", `tried at ${minute(o.nextAttemptTime)}`],
    !o.nextAttemptTime && o.renewalTime && ["Next", `renewed at ${minute(o.renewalTime)}`],
    o.failures > 0 && ["Failures", `${o.failures} in a row${o.lastFailureTime ? `, the last at ${minute(o.lastFailureTime)}` : ""}`],
    o.issuer && ["Issuer", o.issuer],
    ["Orders", placed.length === 0 ? "none in the last week" : `${placed.length} in the last week: ${placed.slice(0, 5).map((e) => `${minute(e.time)}${e.failed ? ", failed" : e.renewal ? ", a renewal" : ""}`).join("; ")}`],
  ].filter(Boolean);
  return el("div", { class: "order-of" }, o.step !== "off" && rail, el("dl", { class: "facts" }, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

load();
heed(load);
setInterval(() => { if (!document.hidden) load(); }, 10000);
