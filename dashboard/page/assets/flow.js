// SPDX-License-Identifier: Apache-2.0

// The picture of where requests go: hosts, routes, services and endpoints from left to right. A link is as wide as its
// requests are many, and red in the part that failed.

import { svg, show, shownHost, number, routeLink } from "./lib.js";

const gap = 14, least = 18, heading = 30;

// A picture that moves at each glance tells nothing: what was seen first stays first.
const seen = new Map();
const rank = (key) => seen.get(key) ?? seen.set(key, seen.size).get(key);

/** drawFlow draws a flow into an element. */
export function drawFlow(into, flow) {
  const width = Math.max(280, into.clientWidth);
  const layers = width < 640 ? ["route", "service"] : width < 900 ? ["host", "route", "service"] : ["host", "route", "service", "endpoint"];
  const titles = { host: "Hosts", route: "Routes", service: "Services", endpoint: "Endpoints" };
  const graph = graphOf(flow, layers);
  const height = place(graph, layers, width, flow);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": summary(flow) });
  const links = svg("g"), nodes = svg("g");
  layers.forEach((layer, i) => {
    const last = i === layers.length - 1 && layers.length > 2;
    const { x } = graph.columns.get(layer);
    picture.append(svg("text", { class: "heading", x: last ? x + 8 : x, y: 12, "text-anchor": last ? "end" : "start" }, titles[layer]));
  });
  for (const link of graph.links) links.append(...linkOf(link));
  for (const node of graph.nodes.values()) nodes.append(nodeOf(node, picture, links, graph));
  picture.append(links, nodes);
  show(into, picture);
}

function graphOf(flow, layers) {
  const nodes = new Map(), links = new Map();
  const node = (layer, id, label, more) => {
    const key = `${layer}\n${id}`;
    let n = nodes.get(key);
    if (!n) nodes.set(key, n = { key, layer, label, rate: 0, errors: 0, broken: true, idle: true, ...more });
    return n;
  };
  for (const route of flow.routes) {
    const ends = route.to.length > 0 ? route.to : [{ service: route.answers || route.closed || "no endpoint", address: "", takesRequests: route.state === "serving", perSecond: 0, errorsPerSecond: 0 }];
    for (const end of ends) {
      const broken = route.state !== "serving" || end.address !== "" && !end.takesRequests;
      const chain = {
        host: () => node("host", shownHost(route), shownHost(route)),
        route: () => node("route", JSON.stringify([route.address, route.host, route.path, route.match, route.conditions]),
          layers[0] === "route" ? shownHost(route) + route.path : route.path, { href: routeLink(route), title: `${route.ingress} ${route.rule}` }),
        service: () => node("service", end.service || "(none)", end.service || "(none)"),
        endpoint: () => node("endpoint", `${end.service} ${end.address}`, end.address || (broken ? "no endpoint" : "answered here")),
      };
      const way = layers.map((layer) => chain[layer]());
      way.forEach((n) => {
        n.rate += end.perSecond;
        n.errors += end.errorsPerSecond;
        n.broken &&= broken;
        n.partly ||= broken;
      });
      for (let i = 1; i < way.length; i++) {
        const key = `${way[i - 1].key}\n${way[i].key}`;
        let link = links.get(key);
        if (!link) links.set(key, link = { from: way[i - 1], to: way[i], rate: 0, errors: 0, broken: true });
        link.rate += end.perSecond;
        link.errors += end.errorsPerSecond;
        link.broken &&= broken;
      }
    }
  }
  return { nodes, links: [...links.values()], columns: new Map() };
}

// place gives each node its place, and each link its ends. It returns the height of all.
function place(graph, layers, width) {
  const inset = layers.length === 2 ? 0 : 4, bar = 7;
  layers.forEach((layer, i) => graph.columns.set(layer, { x: inset + i * (width - bar - 2 * inset) / Math.max(1, layers.length - 1 + (layers.length === 2 ? 0.9 : 0)), nodes: [] }));
  // The last column but one has room up to the middle of the gap, if labels of the last stand in it too.
  layers.forEach((layer, i) => {
    const next = graph.columns.get(layers[i + 1])?.x ?? width, own = graph.columns.get(layer);
    own.room = layers.length === 2 ? next - own.x - 20 : i < layers.length - 2 ? next - own.x - 30 : (width / (layers.length - 1)) / 2 - 20;
  });
  if (seen.size > 5000) seen.clear();
  for (const n of graph.nodes.values()) graph.columns.get(n.layer).nodes.push(n);
  // Each column is in the order of what leads to it, so that few links cross.
  layers.forEach((layer, i) => {
    const column = graph.columns.get(layer).nodes;
    for (const n of column) {
      const before = graph.links.filter((l) => l.to === n), pull = (l) => l.rate + 0.5;
      n.weight = i === 0 || before.length === 0 ? 0 : before.reduce((sum, l) => sum + pull(l) * l.from.order, 0) / before.reduce((sum, l) => sum + pull(l), 0);
    }
    column.sort((a, b) => a.weight - b.weight || rank(a.key) - rank(b.key));
    column.forEach((n, order) => { n.order = order; });
  });
  const tallest = Math.max(...[...graph.columns.values()].map((c) => c.nodes.length));
  const room = Math.max(180, Math.min(560, tallest * (least + gap + 10)));
  const most = Math.max(...[...graph.columns.values()].map((c) => c.nodes.reduce((sum, n) => sum + n.rate, 0)), 0);
  const scale = most > 0 ? Math.max(40, room - tallest * (least * 0.4 + gap)) / most : 0;
  let height = 0;
  for (const column of graph.columns.values()) {
    for (const n of column.nodes) n.h = Math.max(least, n.rate * scale);
    height = Math.max(height, column.nodes.reduce((sum, n) => sum + n.h + gap, -gap));
  }
  for (const column of graph.columns.values()) {
    const free = height - column.nodes.reduce((sum, n) => sum + n.h, 0);
    const between = column.nodes.length > 1 ? Math.min(free / (column.nodes.length - 1), 46) : 0;
    let y = heading + (height - column.nodes.reduce((sum, n) => sum + n.h, 0) - between * (column.nodes.length - 1)) / 2;
    for (const n of column.nodes) {
      Object.assign(n, { room: column.room, x: column.x, y, w: bar, out: 0, in: 0, last: n.layer === layers.at(-1) && layers.length > 2 });
      y += n.h + between;
    }
  }
  for (const link of graph.links) link.w = Math.max(1.5, link.rate * scale);
  const centred = (side, end) => {
    for (const n of graph.nodes.values()) {
      const own = graph.links.filter((l) => l[side] === n).sort((a, b) => a[end].y - b[end].y);
      let y = n.y + (n.h - own.reduce((sum, l) => sum + l.w, 0)) / 2;
      for (const l of own) {
        l[side === "from" ? "y1" : "y2"] = y + l.w / 2;
        y += l.w;
      }
    }
  };
  centred("from", "to");
  centred("to", "from");
  return heading + height + 8;
}

function linkOf(link) {
  const x1 = link.from.x + link.from.w, x2 = link.to.x, middle = (x1 + x2) / 2;
  const curve = (dy, w, kind) => svg("path", {
    class: `link ${kind}`, "stroke-width": w.toFixed(1),
    d: `M${x1},${(link.y1 + dy).toFixed(1)}C${middle},${(link.y1 + dy).toFixed(1)} ${middle},${(link.y2 + dy).toFixed(1)} ${x2},${(link.y2 + dy).toFixed(1)}`,
  });
  link.drawn = [];
  if (link.rate === 0) link.drawn.push(curve(0, link.broken ? 2 : 1.5, link.broken ? "broken" : "idle"));
  else {
    const failed = link.errors === 0 ? 0 : Math.max(1.5, link.w * Math.min(1, link.errors / link.rate));
    if (failed < link.w) link.drawn.push(curve(-failed / 2, link.w - failed, ""));
    if (failed > 0) link.drawn.push(curve((link.w - failed) / 2, failed, "errors"));
  }
  return link.drawn;
}

function nodeOf(node, picture, links, graph) {
  const failing = node.rate > 0 && node.errors / node.rate;
  const health = node.broken && node.rate === 0 || failing > 0.2 ? "bad" : failing > 0.01 || node.partly && node.layer !== "endpoint" ? "warn" : node.rate === 0 ? "quiet" : "good";
  const figure = node.rate > 0 ? `${number(node.rate)}/s` : "";
  const fits = Math.max(6, Math.floor(node.room / 7.3)), whole = node.label.length + figure.length + 2 <= fits;
  const room = whole ? fits : node.last || node.room > 190 ? fits - figure.length - 2 : fits;
  // The end of a route tells it from the others of its host.
  const kept = node.layer === "route" ? Math.min(8, room - 4) : 0;
  const label = node.label.length > room ? `${node.label.slice(0, room - 1 - kept)}…${kept > 0 ? node.label.slice(-kept) : ""}` : node.label;
  const lines = graph.links.filter((l) => l.from === node || l.to === node), thin = node.h <= least && Math.max(...lines.map((l) => l.w)) < 12;
  const at = node.last ? { x: node.x - 8, "text-anchor": "end" } : { x: node.x + node.w + 8 };
  const text = svg("text", { ...at, y: thin ? node.y - 1 : node.y + node.h / 2 }, label, figure && label.length + figure.length + 2 <= fits && svg("tspan", { class: "more", dx: 7 }, figure));
  const words = [node.title ?? node.label, node.rate > 0 ? `${number(node.rate)} requests a second` : "no requests now",
    node.errors > 0 && `${number(node.errors)} of them failed`, node.broken && "takes no requests"].filter(Boolean);
  const group = svg("g", { class: `node ${health}` }, svg("title", {}, `${node.label}: ${words.join(", ")}`),
    svg("rect", { x: node.x, y: node.y, width: node.w, height: node.h }), node.href ? svg("a", { href: node.href }, text) : text);
  const lit = (on) => {
    picture.classList.toggle("dim", on);
    const reached = new Set([node]);
    for (const forward of [true, false]) {
      let ends = new Set([node]);
      for (let more = true; more;) {
        more = false;
        for (const l of graph.links) {
          const [a, b] = forward ? [l.from, l.to] : [l.to, l.from];
          if (ends.has(a) && !l.seen) { l.seen = true; ends.add(b); reached.add(b); more = true; l.drawn.forEach((p) => p.classList.toggle("lit", on)); }
        }
      }
      for (const l of graph.links) l.seen = false;
    }
  };
  group.addEventListener("pointerenter", () => lit(true));
  group.addEventListener("pointerleave", () => lit(false));
  group.addEventListener("focusin", () => lit(true));
  group.addEventListener("focusout", () => lit(false));
  return group;
}

function summary(flow) {
  const rate = flow.routes.reduce((sum, r) => sum + r.perSecond, 0), down = flow.routes.filter((r) => r.state !== "serving").length;
  return `Requests from hosts by routes and services to endpoints: ${flow.routes.length} routes, ${number(rate)} requests a second, ${down} routes not served. A table of the same is below.`;
}
