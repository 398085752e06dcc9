// A table that can be sorted by its column heads, and filtered by words and statuses. Without this
// script it is the same table, the worst rows first.

function sortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  // A cell is sorted by its data-value, a number, or as a text in which 10 comes after 9.
  const value = (row, column) => {
    const { dataset, textContent } = row.cells[column];
    return dataset.value ? Number(dataset.value) : (dataset.value ?? textContent.trim());
  };
  const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b));
  // What is empty comes last, in either direction.
  const compare = (a, b, down) =>
    a === "" || b === "" ? (a === "") - (b === "") : (down ? -1 : 1) * order(a, b);

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = [...body.rows].map((row) => [value(row, column), row]);
      keyed.sort(([a], [b]) => compare(a, b, down));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

function filterable(table, bar) {
  const rows = [...table.tBodies[0].rows];
  const words = bar.querySelector("input");
  const chips = [...bar.querySelectorAll("button[data-status]")];
  const count = bar.querySelector("[role=status]");
  const nothing = bar.parentElement.querySelector(".nothing");
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function show() {
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = chips.find((chip) => chip.getAttribute("aria-pressed") === "true")?.dataset.status;
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = (!status || row.dataset.status === status) && asked.every((w) => texts[i].includes(w));
      row.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${rows.length} shown`;
    nothing.hidden = shown > 0;
  }

  words.addEventListener("input", show);
  chips.forEach((chip) =>
    chip.addEventListener("click", () => {
      chips.forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
      show();
    }),
  );
  bar.hidden = false;
  show();
}

document.documentElement.classList.add("scripted");
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll(".filters").forEach((bar) =>
  filterable(bar.parentElement.querySelector("table"), bar),
);
