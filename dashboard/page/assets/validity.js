// SPDX-License-Identifier: Apache-2.0

// How much of a certificate's life is left.

import { el, svg } from "./lib.js";

/** urgency says in a word whether somebody has to look. */
export function urgency(c) {
  if (c.days < 3) return "bad";
  const life = c.notBefore ? (new Date(c.notAfter) - new Date(c.notBefore)) / 864e5 : 90;
  return c.days < life / 5 ? "warn" : "";
}

/** part is how much of its life is left, from 0 to 1. */
export function part(c, now = Date.now()) {
  const end = new Date(c.notAfter).getTime(), begin = c.notBefore ? new Date(c.notBefore).getTime() : end - 90 * 864e5;
  return Math.min(1, Math.max(0, (end - now) / Math.max(1, end - begin)));
}

/** meter draws how much of a certificate's life is left. */
export function meter(c) {
  return el("div", { class: `meter ${urgency(c)}`, role: "img", "aria-label": `${Math.round(part(c) * 100)} % of its life is left` },
    svg("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { width: (part(c) * 100).toFixed(1), height: 6 })));
}

/** left says how long a certificate is valid. */
export function left(c) {
  if (c.days < 0) return "expired";
  if (c.days < 2) return `${Math.max(0, Math.floor(c.days * 24))} h`;
  return `${Math.floor(c.days)} days`;
}
