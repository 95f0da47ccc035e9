// SPDX-License-Identifier: Apache-2.0

import { byID, el, show, follow, number, took, percent, plural, sparkline, state, shownHost, routeLink } from "./lib.js";
import { drawFlow } from "./flow.js";
import { meter, left } from "./validity.js";

let last = null;

// A page that nobody sees asks for nothing. Of one origin, a browser has six connections for all of its pages: with as
// many in the background, a further one would get no answer.
let stop = null;
function watch() {
  if (document.hidden) {
    stop?.();
    stop = null;
  } else stop ??= follow("/api/v1/overview/events", { message: (overview) => { last = overview; draw(overview); } });
}
document.addEventListener("visibilitychange", watch);
watch();
new ResizeObserver(() => last && drawFlow(byID("flow"), last.flow)).observe(byID("flow"));

function draw(o) {
  drawLead(o);
  drawFigures(o);
  // A picture is not drawn anew under the pointer or the keyboard.
  if (!byID("flow").matches(":hover, :focus-within")) drawFlow(byID("flow"), o.flow);
  drawTable(o.flow);
  drawReasons(o.history.reasons);
  drawCertificates(o);
  drawTrouble(o.serving);
  drawReplicas(o);
}

function drawLead(o) {
  const s = o.serving;
  const trouble = [
    s.down > 0 && el("span", { class: "bad" }, el("a", { href: "/view/routes?state=down" }, `${s.down.toLocaleString("en")} ${s.down === 1 ? "has" : "have"} no endpoint`)),
    s.closed > 0 && el("span", { class: "bad" }, el("a", { href: "/view/routes?state=closed" }, `${s.closed.toLocaleString("en")} ${s.closed === 1 ? "is" : "are"} closed`)),
  ].filter(Boolean);
  const sentence = s.routes === 0 ? ["No route is served yet."] : [
    "Serving ", el("a", { href: "/view/routes" }, plural(s.routes, "route", "routes")), ` of ${plural(s.hosts, "host", "hosts")} with ${plural(s.taking, "endpoint", "endpoints")}`,
    trouble.length === 0 ? ". All of them work." : "; ", ...trouble.flatMap((t, i) => i > 0 ? [" and ", t] : [t]), trouble.length > 0 && ".",
  ];
  if (s.refused > 0) sentence.push(" ", el("a", { href: "/view/routes?state=refused" }, plural(s.refused, "rule", "rules")), ` ${s.refused === 1 ? "is" : "are"} written and refused.`);
  show(byID("lead"), sentence);
}

function drawFigures(o) {
  const periods = o.history.periods.filter((p) => p.seconds >= 1), rate = (n, p) => n / Math.max(p.seconds, 1);
  const r = o.recent, errorShare = r.requests > 0 ? r.errors / r.requests : 0;
  const figure = (name, value, unit, spark) => el("div", { class: "figure" }, el("dl", {}, el("dt", {}, name), el("dd", {}, value, " ", el("small", {}, unit))), spark);
  show(byID("figures"),
    figure("Requests", number(rate(r.requests, r)), "a second", sparkline(periods.map((p) => rate(p.requests, p)), { label: "Requests a second in the last 15 minutes" })),
    figure("Half take at most", took(r.p50Seconds), "", sparkline(periods.map((p) => p.p50Seconds), { label: "Median time of requests in the last 15 minutes" })),
    figure("99 of 100 take at most", took(r.p99Seconds), "", sparkline(periods.map((p) => p.p99Seconds), { label: "99th percentile of the time of requests in the last 15 minutes" })),
    figure("Errors", percent(errorShare), `of ${r.requests.toLocaleString("en")}`, sparkline(periods.map((p) => p.requests > 0 ? p.errors / p.requests : 0), { label: "Share of errors in the last 15 minutes", kind: "errors" })));
  byID("flow-note").textContent = `in the last ${Math.max(1, Math.round(o.flow.seconds))} s, generation ${o.serving.generation}` +
    (o.flow.others > 0 ? `; ${plural(o.flow.others, "route", "routes")} more with ${number(o.flow.othersPerSecond)} requests a second` : "") +
    (o.flow.unroutedPerSecond > 0 ? `; ${number(o.flow.unroutedPerSecond)} a second that no rule is for` : "");
}

function drawTable(flow) {
  if (!byID("flow-table").parentElement.open && byID("flow-table").firstChild) return;
  const rows = flow.routes.flatMap((r) => (r.to.length > 0 ? r.to : [{ service: "", address: "", perSecond: 0, errorsPerSecond: 0 }]).map((to) => el("tr", {},
    el("td", {}, el("a", { href: routeLink(r) }, shownHost(r) + r.path)), el("td", {}, to.service), el("td", {}, to.address || "–"),
    el("td", {}, state(r.state !== "serving" ? r.state : to.address && !to.takesRequests ? "out" : "serving")),
    el("td", { class: "number" }, number(to.perSecond)), el("td", { class: "number" }, number(to.errorsPerSecond)), el("td", { class: "number" }, took(to.p99Seconds)))));
  show(byID("flow-table"), el("table", {}, el("thead", {}, el("tr", {}, ["Route", "Service", "Endpoint", "State"].map((h) => el("th", { scope: "col" }, h)),
    ["Requests/s", "Failed/s", "p99"].map((h) => el("th", { scope: "col", class: "number" }, h)))), el("tbody", {}, rows)));
}

function drawReasons(reasons) {
  if (reasons.length === 0) {
    show(byID("reasons"), el("p", { class: "empty" }, "Nothing. No request has failed in this time."));
    return;
  }
  show(byID("reasons"), el("ul", { class: "bars" }, reasons.slice(0, 8).map((r) => {
    const query = r.reason ? `reason=${r.reason}` : "status=5xx";
    return el("li", {}, el("div", { class: "what" }, el("b", {}, el("a", { href: `/view/live?${query}`, title: "Watch such requests as they end" }, r.reason || "Errors of services")),
      " ", el("span", { class: "muted" }, r.reason ? r.status : "5xx"), el("p", {}, r.text)),
    sparkline(r.steps, { label: `${r.reason || "Errors of services"} in the last 15 minutes`, kind: "errors", width: 110, height: 30 }),
    el("span", { class: "much" }, r.requests.toLocaleString("en")));
  })));
}

function drawCertificates(o) {
  if (o.certificates.length === 0) {
    show(byID("certificates"), el("p", { class: "empty" }, "None is served."));
    return;
  }
  show(byID("certificates"), el("ul", { class: "bars" }, o.certificates.map((c) => el("li", {},
    el("div", { class: "what" }, el("b", {}, c.id), el("p", {}, (c.hosts ?? []).join(", "))), meter(c), el("span", { class: "much" }, left(c))))),
  o.certificateCount > o.certificates.length && el("p", { class: "empty" }, el("a", { href: "/view/certificates" }, `All ${o.certificateCount.toLocaleString("en")} certificates`)));
}

function drawReplicas(o) {
  const replicas = o.replicas ?? [], behind = replicas.filter((r) => !r.alike).length;
  byID("replicas-card").hidden = replicas.length === 0;
  byID("replicas-note").textContent = behind === 0 ? "all serve the same" : `${behind} ${behind === 1 ? "serves" : "serve"} something else than this one: a change is on its way`;
  show(byID("replicas"), el("ul", { class: "bars" }, replicas.map((r) => el("li", {}, el("div", { class: "what" }, el("b", {}, r.name), el("p", {}, [r.address, r.node].filter(Boolean).join(" on "))),
    el("span", { class: "muted" }, r.self ? "this one" : ""), el("span", { class: "much" }, r.self ? state("serving", `generation ${o.serving.generation}`) : r.alike ? state("serving", "the same") : state("warn", "differs"))))));
}

function drawTrouble(serving) {
  const troubled = serving.troubled ?? [];
  byID("trouble-card").hidden = troubled.length === 0;
  show(byID("trouble"), el("ul", { class: "bars" }, troubled.slice(0, 10).map((r) => el("li", {},
    el("div", { class: "what" }, el("b", {}, el("a", { href: routeLink(r) }, shownHost(r) + r.path)), el("p", {}, r.closedWhy || r.why || r.closed || "no endpoint takes requests")),
    el("span", { class: "muted by" }, r.ingress), el("span", { class: "much" }, state(r.state))))));
}
