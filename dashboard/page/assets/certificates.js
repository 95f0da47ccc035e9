// SPDX-License-Identifier: Apache-2.0

import { byID, el, show, ask, heed, plural } from "./lib.js";
import { meter, left, urgency } from "./validity.js";

async function load() {
  let list;
  try { list = await ask("/api/v1/certificates"); } catch { return; }
  const soon = list.filter((c) => urgency(c) !== "").length;
  show(byID("lead"), list.length === 0 ? "No certificate is served. A host that is asked for over HTTPS gets none." :
    [`${plural(list.length, "certificate", "certificates")}, the one that expires first at the top. `,
      soon === 0 ? "None needs attention." : el("span", { class: "bad" }, `${soon} ${soon === 1 ? "expires" : "expire"} soon.`)]);
  show(byID("certificates"), list.map((c) => {
    const day = (text) => new Date(text).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
    return el("li", {},
      el("div", {}, el("h2", {}, c.id), el("p", { class: "hosts" }, (c.hosts ?? []).join(", ") || "–", c.default && ", and every other name")),
      el("p", { class: "left" }, left(c), el("small", {}, c.days < 0 ? "" : "left")),
      el("div", { class: "life" }, meter(c)),
      el("p", { class: "ends" }, el("span", {}, c.notBefore ? `since ${day(c.notBefore)}` : ""), el("span", {}, `until ${day(c.notAfter)}`)));
  }));
}

load();
heed(load);
