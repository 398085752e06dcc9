// The panel of a sample. Every link to #sample=NAME opens it, so that a sample can be sent as a
// link, and the browser's way back closes it. Names and labels are written as text, never as HTML.

const panel = document.getElementById("sample");
const page = JSON.parse(document.getElementById("data").textContent);
const rowOf = new Map([...document.querySelectorAll("tr[data-sample]")].map((row) => [row.dataset.sample, row]));
const known = new Map(page.samples.map((sample) => [sample.id, sample]));
const PREFIX = "#sample=";
let open = null;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  Object.entries(attributes ?? {}).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const address = (id) => PREFIX + encodeURIComponent(id);
const pill = (status) => (status ? element("span", { class: `pill is-${status}` }, page.statuses[status] ?? status) : null);
const section = (title, ...children) => element("section", {}, element("h3", {}, title), ...children);
const facts = (rows) =>
  element("dl", { class: "facts" }, rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));

function bars(rows, status) {
  return element(
    "ol",
    { class: `bars is-${status}` },
    rows.map(([word, p, text, stated]) => {
      const fill = element("span", { class: "fill" });
      fill.style.width = `${100 * p}%`;
      return element(
        "li",
        stated ? { class: "stated" } : {},
        element("span", { class: "name" }, page.words[word], stated ? element("em", {}, " stated") : null),
        element("span", { class: "bar", "aria-hidden": "true" }, fill),
        element("span", { class: "p" }, text),
      );
    }),
  );
}

function field(told) {
  const says = [];
  if (told.stated !== undefined) says.push("stated ", element("b", {}, told.stated));
  if (told.found !== undefined) {
    says.push(told.stated === undefined ? "predicted " : " · predicted ", element("b", {}, told.found));
    if (told.p !== undefined) says.push(` (p ${told.p})`);
  }
  const why = told.why && (page.why[told.why] ?? told.why.replaceAll("_", " "));
  return element(
    "section",
    { class: "field" },
    element("h4", {}, told.name, " ", pill(told.status)),
    element("p", {}, says),
    why ? element("p", { class: "why" }, why, told.fit !== undefined ? ` Probability of the label: ${told.fit}.` : "") : null,
    told.by !== undefined ? element("p", { class: "why" }, `Reviewed by ${told.by}.`) : null,
    told.bars.length ? bars(told.bars, told.status ?? "pass") : null,
  );
}

const told = ([stated, predicted]) =>
  [stated && `stated ${stated}`, predicted && `predicted ${predicted}`].filter(Boolean).join(" · ");

function neighbours(rows) {
  return element(
    "ol",
    { class: "near" },
    rows.map(([id, distance, ...labels]) =>
      element(
        "li",
        {},
        known.has(id) ? element("a", { href: address(id) }, id) : element("span", {}, id),
        element("span", { class: "label" }, told(labels.map((word) => page.words[word]))),
        element("span", { class: "p" }, element("span", { class: "unseen" }, "distance "), distance.toFixed(2)),
      ),
    ),
  );
}

function body(sample) {
  const words = rowOf.get(sample.id)?.querySelector("td.words")?.textContent;
  const judged = sample.fields.filter((told) => told.status !== undefined);
  const others = sample.fields.filter((told) => told.status === undefined);
  return [
    words ? element("p", { class: "sentence" }, words) : null,
    sample.next ? element("p", { class: "next" }, element("span", { class: "todo" }, "What to do"), sample.next) : null,
    sample.findings.length
      ? section(
          "Findings that name it",
          sample.findings.map((i) => page.findings[i]).map((found) =>
            element("p", { class: "found" }, element("b", {}, found.title), found.reviewed ? " (reviewed)" : "", ": ", found.sentence),
          ),
        )
      : null,
    judged.length ? section("Stated and predicted", judged.map(field)) : null,
    sample.markers.length ? section("Marker genes", facts(sample.markers)) : null,
    sample.near.length
      ? section(`Most similar ${page.units} in the model's latent space`, neighbours(sample.near))
      : null,
    others.length ? section(judged.length ? "Also predicted" : "Predicted", others.map(field)) : null,
    sample.quality.length ? section("How well it could be read", facts(sample.quality)) : null,
  ];
}

// Samples in the order of the table as it is sorted and filtered.
const listed = () =>
  [...document.querySelectorAll("tr[data-sample]")].filter((row) => !row.hidden).map((row) => row.dataset.sample);

function step(by) {
  const order = listed();
  return order[order.indexOf(open) + by];
}

function show(id) {
  const sample = known.get(id);
  const again = panel.open;
  open = id;
  panel.querySelector("h2").textContent = id;
  panel.querySelector(".status").replaceChildren(...[pill(sample?.status)].filter(Boolean));
  const order = listed();
  const place = order.indexOf(id);
  panel.querySelector(".place").textContent = place < 0 ? "" : `${place + 1} of ${order.length}`;
  panel.querySelector(".back").disabled = place <= 0;
  panel.querySelector(".on").disabled = place < 0 || place === order.length - 1;
  const unknown = `This page does not list a ${page.unit} of this name. All are in the table qc_samples of the warehouse.`;
  panel.querySelector(".body").replaceChildren(
    ...(sample ? body(sample) : [element("p", {}, unknown)]).filter(Boolean),
  );
  panel.querySelector(".body").scrollTop = 0;
  if (!again) panel.showModal();
  // The heading is read out; a button that was just pressed keeps the focus, unless it can't.
  const pressed = document.activeElement;
  if (!again || !panel.contains(pressed) || pressed.disabled || pressed === document.body) panel.querySelector("h2").focus();
}

function follow() {
  const hash = location.hash;
  if (!hash.startsWith(PREFIX)) {
    if (panel.open) panel.close();
    return;
  }
  try {
    show(decodeURIComponent(hash.slice(PREFIX.length)));
  } catch (error) {
    if (!(error instanceof URIError)) throw error; // an address that somebody has cut short
  }
}

function go(by) {
  const next = step(by);
  if (next === undefined) return;
  history.replaceState(null, "", address(next));
  show(next);
}

panel.querySelector(".back").addEventListener("click", () => go(-1));
panel.querySelector(".on").addEventListener("click", () => go(1));
panel.querySelector(".close").addEventListener("click", () => panel.close());
panel.addEventListener("click", (event) => event.target === panel && panel.close()); // beside it
panel.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") go(-1);
  if (event.key === "ArrowRight") go(1);
});
panel.addEventListener("close", () => {
  open = null;
  if (location.hash.startsWith(PREFIX)) history.replaceState(null, "", location.pathname + location.search);
});
window.addEventListener("hashchange", follow);

// A row opens its sample, for those who point; its link is there for all others.
rowOf.forEach((row) =>
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) location.hash = address(row.dataset.sample);
  }),
);

// The points of the map are one stop of the tab key; arrows go from point to point, left to right.
document.querySelectorAll("svg").forEach((map) => {
  const across = (point) => point.getBoundingClientRect().left;
  const points = [...map.querySelectorAll("a")].filter((link) => link.querySelector("[aria-label]"));
  if (!points.length) return;
  points[0].setAttribute("tabindex", "0");
  map.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const order = points.slice().sort((a, b) => across(a) - across(b));
    const here = order.indexOf(document.activeElement);
    const next = order[Math.min(Math.max(here + by, 0), order.length - 1)];
    points.forEach((point) => point.setAttribute("tabindex", point === next ? "0" : "-1"));
    next.focus();
  });
});

follow();
