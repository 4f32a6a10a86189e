// Sorting, filtering and copying. The page reads completely without it.
"use strict";

for (const block of document.querySelectorAll(".code")) {
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const text = block.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}

// A cell's data-value (a number) or text; cells without a value stay at the end in both directions.
function sortKey(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value === undefined) return cell.textContent;
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
}

// A row of pictures belongs to the row above it and goes where that goes.
function mainRows(table) {
  return [...table.tBodies[0].rows].filter((row) => !row.classList.contains("more"));
}

function pictures(row) {
  const next = row.nextElementSibling;
  return next !== null && next.classList.contains("more") ? next : "";
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    if (header.dataset.fixed !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = mainRows(table).map((row) => [sortKey(row, column), row, pictures(row)]);
      rows.sort((a, b) => compare(a[0], b[0], sign));
      table.tBodies[0].append(...rows.flatMap((entry) => entry.slice(1)));
    });
  });
}

const tools = document.querySelector(".tools");
if (tools) {
  const rows = mainRows(document.querySelector("#tensors"));
  const text = tools.querySelector("input");
  const kind = tools.querySelector("select");
  const shown = tools.querySelector("output");
  const apply = () => {
    const wanted = text.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const hit = (kind.value === "" || row.dataset.kind === kind.value) &&
        row.textContent.toLowerCase().includes(wanted);
      row.hidden = !hit;
      if (pictures(row)) pictures(row).hidden = !hit;
      count += hit;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };
  text.addEventListener("input", apply);
  kind.addEventListener("input", apply);
  tools.hidden = false;
  apply();
}
