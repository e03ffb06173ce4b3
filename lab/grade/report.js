"use strict";
const table = document.querySelector(".map table"), body = table.tBodies[0];
const heads = [...table.querySelectorAll("th[data-sort]")];
const words = new Intl.Collator(undefined, { numeric: true });
const other = { ascending: "descending", descending: "ascending" };

function sort(head) {
  const column = head.cellIndex, was = head.getAttribute("aria-sort");
  const way = was ? other[was] : head.dataset.sort, sign = way === "ascending" ? 1 : -1;
  const keyed = [...body.rows].map(row => [row.cells[column].textContent, row]);
  keyed.sort((one, two) => sign * words.compare(one[0], two[0]));
  body.append(...keyed.map(([, row]) => row));
  heads.forEach(each => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", way);
}
for (const head of heads) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => sort(head));
  head.append(button);
}
