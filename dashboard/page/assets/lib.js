// SPDX-License-Identifier: Apache-2.0

// What all views have in common. Whatever comes from the replica goes into the page as text: by textContent, or as the
// value of an attribute. Nothing here takes markup.

const svgNamespace = "http://www.w3.org/2000/svg";

/** el makes an element of HTML. Attributes that are null or false are left out. */
export function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** svg makes an element of SVG. */
export function svg(name, attributes, ...children) {
  return fill(document.createElementNS(svgNamespace, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** show puts children in place of what an element has. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
}

export const byID = (id) => document.getElementById(id);

/** Refusal is an answer that says what is wrong with the question. */
export class Refusal extends Error {}

/** ask gets JSON. It throws a Refusal if the question is wrong, and notes whether the replica answers. */
export async function ask(path, parameters, signal) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters ?? {})) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined) query.append(name, one);
  }
  let response;
  try {
    response = await fetch(query.size > 0 ? `${path}?${query}` : path, { signal });
  } catch (error) {
    if (error.name !== "AbortError") gone("does not answer");
    throw error;
  }
  answers();
  if (!response.ok) throw new Refusal((await response.text()).trim());
  return response.json();
}

let goneSince = null;

/** gone says that the replica went away. */
export function gone(how) {
  goneSince ??= new Date();
  document.documentElement.classList.add("is-gone");
  const banner = byID("gone");
  const text = `The replica ${how} since ${goneSince.toLocaleTimeString()}. What you see is from before. It is asked again every few seconds.`;
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = false;
}

/** answers says that the replica is there. */
export function answers() {
  goneSince = null;
  document.documentElement.classList.remove("is-gone");
  byID("gone").hidden = true;
}

/** heed asks every few seconds whether the replica is there, and calls changed when it serves something else. */
export function heed(changed) {
  let generation = null;
  const look = async () => {
    try {
      const replica = await ask("/api/v1/replica");
      if (generation !== null && generation !== replica.generation) changed?.();
      generation = replica.generation;
    } catch { /* the banner says so */ }
    setTimeout(look, document.hidden ? 15000 : 4000);
  };
  look();
}

/** follow reads server-sent events, and begins again when they end. It returns a function that ends it. */
export function follow(url, handlers) {
  let source = null, timer = null, ended = false;
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => answers();
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => handle(JSON.parse(event.data)));
    }
    source.onerror = () => {
      gone("is gone");
      if (source.readyState === EventSource.CLOSED && !ended) timer = setTimeout(open, 3000);
    };
  };
  open();
  return () => { ended = true; clearTimeout(timer); source.close(); };
}

/** number writes a number for people, with few digits. */
export function number(n) {
  if (n === 0) return "0";
  if (n < 0.1) return "< 0.1";
  if (n < 10) return n.toFixed(1).replace(/\.0$/, "");
  return Math.round(n).toLocaleString("en");
}

/** took writes a time in seconds. */
export function took(seconds) {
  if (!seconds) return "–";
  if (seconds < 0.001) return `${Math.max(1, Math.round(seconds * 1e6))} µs`;
  if (seconds < 0.01) return `${(seconds * 1e3).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1e3)} ms`;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}

/** percent writes a part of a whole. */
export function percent(part) {
  if (part === 0) return "0 %";
  if (part < 0.001) return "< 0.1 %";
  return `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}

export const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const hostText = (host) => host === "" ? "(every host)" : host;

/** shownHost is a host with the port of its listener. */
export function shownHost(route) {
  const port = route.address ? route.address.slice(route.address.lastIndexOf(":")) : "";
  return hostText(route.host) + port;
}

/** objectKind says what an object's id is of, and its namespace and name. */
export function objectKind(id) {
  const kinds = { "networking.k8s.io": "networking.k8s.io Ingress", httproute: "HTTPRoute", grpcroute: "GRPCRoute" };
  const parts = id.split("/");
  if (parts.length > 2) return { kind: kinds[parts[0]] ?? parts[0], name: parts.slice(1).join("/") };
  return { kind: "Ingress", name: id };
}

/** state is a word with its colour. */
export function state(colour, word = colour) {
  return el("span", { class: `state ${colour}` }, word);
}

/** sparkline draws values, the newest at the right. */
export function sparkline(values, { label, kind = "line", width = 240, height = 44 } = {}) {
  const most = Math.max(...values, 0), step = width / Math.max(1, values.length - 1);
  const y = (v) => most === 0 ? height - 1 : height - 1 - (v / most) * (height - 4);
  const points = values.map((v, i) => `${(i * step).toFixed(1)},${y(v).toFixed(1)}`);
  const picture = svg("svg", { class: `spark ${kind}`, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  if (values.length > 1) {
    picture.append(
      svg("path", { class: "area", d: `M0,${height}L${points.join("L")}L${width},${height}Z` }),
      svg("path", { class: "stroke", d: `M${points.join("L")}`, "vector-effect": "non-scaling-stroke" }),
    );
  }
  return picture;
}

/** explainLink is where a request is explained. */
export function explainLink({ url, method, client, header }) {
  const query = new URLSearchParams();
  if (method && method !== "GET") query.set("method", method);
  query.set("url", url);
  if (client) query.set("client", client);
  for (const h of header ?? []) query.append("header", h);
  return `/view/explain?${query}`;
}

/** routeLink is where a route is shown. */
export function routeLink(route) {
  const query = new URLSearchParams({ host: route.host, path: route.path, match: route.match });
  if (route.conditions) query.set("conditions", route.conditions);
  if (route.address) query.set("address", route.address);
  return `/view/routes?${query}`;
}
