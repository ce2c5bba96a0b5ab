"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const tools = (section, after) => {
    const bar = make("div", "", { class: "tools" });
    section.insertBefore(bar, after);
    return bar;
  };

  // Sorting: a header becomes a button; numbers by data-sort, the rest by text.
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    all("thead th", table).forEach((header, column) => {
      const button = make("button", header.textContent, { type: "button" });
      header.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = header.getAttribute("aria-sort") !== "ascending";
        all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", up ? "ascending" : "descending");
        const value = (row) => {
          const cell = row.cells[column];
          return cell.dataset.sort ?? cell.textContent.trim();
        };
        const order = (a, b) => {
          const [x, y] = [value(a), value(b)];
          const difference = Number(x) - Number(y);
          return Number.isNaN(difference) ? x.localeCompare(y, undefined, { numeric: true }) : difference;
        };
        body.append(...[...body.rows].sort((a, b) => (up ? order(a, b) : order(b, a))));
      });
    });
  }

  // Hover: the column of a wide table.
  for (const table of all("table.matrix")) {
    let marked = [];
    const clear = () => {
      marked.forEach((cell) => cell.classList.remove("column"));
      marked = [];
    };
    table.addEventListener("mouseover", (event) => {
      clear();
      const cell = event.target.closest("td, thead th");
      if (!cell || cell.cellIndex === 0) return;
      marked = [...table.rows].map((row) => row.cells[cell.cellIndex]).filter(Boolean);
      marked.forEach((other) => other.classList.add("column"));
    });
    table.addEventListener("mouseleave", clear);
  }

  // Filtering of the checks.
  const matrix = document.querySelector("#checks table.matrix");
  if (matrix) {
    const section = document.getElementById("checks");
    const bar = tools(section, matrix.parentElement);
    const search = make("input", "", { type: "search", placeholder: "filter checks", "aria-label": "filter checks" });
    const only = make("input", "", { type: "checkbox" });
    const label = make("label", "");
    label.append(only, "only checks that do not all pass");
    bar.append(search, label);
    const apply = () => {
      const wanted = search.value.trim().toLowerCase();
      for (const row of all("tr[data-status]", matrix)) {
        const calm = row.dataset.status === "pass" || row.dataset.status === "not-applicable";
        row.hidden = (only.checked && calm) || !row.cells[0].textContent.toLowerCase().includes(wanted);
      }
      for (const body of matrix.tBodies) {
        body.hidden = !all("tr[data-status]", body).some((row) => !row.hidden);
      }
    };
    search.addEventListener("input", apply);
    only.addEventListener("change", apply);
  }

  // Filtering of the failures.
  const rows = all("#failures details.row");
  if (rows.length > 1) {
    const section = document.getElementById("failures");
    const bar = tools(section, section.querySelector(".group"));
    const search = make("input", "", { type: "search", placeholder: "filter rows", "aria-label": "filter failures" });
    bar.append(search);
    const boxes = [...new Set(rows.map((row) => row.dataset.status))].map((status) => {
      const box = make("input", "", { type: "checkbox", value: status });
      box.checked = true;
      const label = make("label", "");
      label.append(box, status);
      bar.append(label);
      return box;
    });
    const toggle = make("button", "unfold all", { type: "button" });
    bar.append(toggle);
    toggle.addEventListener("click", () => {
      const open = toggle.textContent === "unfold all";
      rows.forEach((row) => { row.open = open; });
      toggle.textContent = open ? "fold all" : "unfold all";
    });
    const texts = new Map();
    const text = (row) => {
      if (!texts.has(row)) texts.set(row, (row.parentElement.firstElementChild.textContent + row.textContent).toLowerCase());
      return texts.get(row);
    };
    const apply = () => {
      const wanted = search.value.trim().toLowerCase();
      const kept = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      for (const row of rows) row.hidden = !kept.has(row.dataset.status) || !(wanted === "" || text(row).includes(wanted));
      for (const group of all("#failures .group")) group.hidden = !all("details.row", group).some((row) => !row.hidden);
    };
    search.addEventListener("input", apply);
    boxes.forEach((box) => box.addEventListener("change", apply));
  }

  // Highlighting one architecture in the figures that show several.
  const names = all("#checks thead th.arch").map((header) => header.textContent);
  for (const figure of all("[data-highlight]")) {
    const parts = all("[data-a]", figure);
    const shown = [...new Set(parts.flatMap((part) => part.dataset.a.split(" ")))].sort((a, b) => a - b);
    if (shown.length < 2) continue;
    const bar = tools(figure.parentElement, figure);
    const select = make("select", "", { "aria-label": "highlight an architecture" });
    select.append(make("option", "all architectures", { value: "" }));
    shown.forEach((index) => select.append(make("option", names[index] ?? index, { value: index })));
    bar.append(select);
    select.addEventListener("change", () => {
      for (const part of parts) {
        part.classList.toggle("faded", select.value !== "" && !part.dataset.a.split(" ").includes(select.value));
      }
    });
  }

  // Copying a command; where the clipboard is closed, selecting it.
  for (const command of all(".command")) {
    const button = make("button", "copy", { type: "button" });
    command.append(button);
    button.addEventListener("click", async () => {
      const code = command.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "selected";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  }

  // A link to a folded row unfolds it; printing unfolds all.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => rows.forEach((row) => { row.open = true; }));
})();
