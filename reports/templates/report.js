"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // A number such as 1.1e-15 is one word, though browsers would break it at its hyphen.
  const kept = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) if (/\de-\d/.test(walker.currentNode.data) && !walker.currentNode.parentElement.closest("svg, style, script, pre, .whole, .word")) found.push(walker.currentNode);
    for (const node of found) {
      node.replaceWith(...node.data.split(/([-−]?\d[\d.]*e-\d+)/).map((piece, place) => (place % 2 ? make("span", piece, { class: "word" }) : piece)));
    }
    return root;
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

  // On a narrow page a row of such a table becomes a block, each cell with the head of its column.
  // A cell that spans several rows stands in the first of them, so that cells are counted from the end.
  for (const table of all("table.stack, table.ledger")) {
    const heads = all("thead th", table).map((header) => header.textContent);
    for (const row of all("tbody tr:not(.suite)", table)) {
      const spanned = heads.length - row.cells.length;
      [...row.cells].forEach((cell, place) => { cell.dataset.label ??= heads[place + spanned]; });
    }
    table.classList.add("labelled");
  }

  // Hover: the column of a wide table, and which architecture and row a cell is of.
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
      if (cell.title && !cell.dataset.told) {
        const head = (place) => (place.querySelector(".name, span") ?? place).textContent;
        cell.title = `${head(table.tHead.rows[0].cells[cell.cellIndex])}, ${head(cell.parentElement.cells[0])}: ${cell.title}`;
        cell.dataset.told = "yes";
      }
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
  const symbols = new Map(all(".meanings dt").map((dt) => [dt.querySelector("span").textContent, dt.className.slice(2)]));
  for (const block of all("#failures .ids")) {
    const lines = block.textContent.trim().split("\n");
    block.replaceChildren(...lines.map((text) => make("div", text, { class: "line", "data-status": symbols.get(text.split(" ")[0]) ?? "" })));
  }
  const rows = all("#failures details.row, #failures .line");
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
      all("#failures details").forEach((row) => { row.open = open; });
      toggle.textContent = open ? "fold all" : "unfold all";
    });
    const texts = new Map();
    const text = (row) => {
      if (!texts.has(row)) texts.set(row, (row.closest(".group").firstElementChild.textContent + row.textContent).toLowerCase());
      return texts.get(row);
    };
    const apply = () => {
      const wanted = search.value.trim().toLowerCase();
      const kept = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      for (const row of rows) row.hidden = !kept.has(row.dataset.status) || !(wanted === "" || text(row).includes(wanted));
      for (const group of all("#failures .group")) group.hidden = !all("details.row, .line", group).some((row) => !row.hidden);
    };
    search.addEventListener("input", apply);
    boxes.forEach((box) => box.addEventListener("change", apply));
  }

  // The lists of all rows, read when they are opened. Each is a style sheet that carries its rows as one packed string: a page
  // from disk may read nothing else beside scripts, and nothing beside this page may run.
  const listed = document.getElementById("rows");
  const lists = all("details.list").map((list) => ({ list, name: list.querySelector("b").textContent, said: list.querySelector("[role=status]") }));
  const unpacked = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text());
  };
  const read = (each) => {
    const trouble = (why) => {
      delete each.rows;
      throw new Error(`${each.list.dataset.file} ${why}; orbitcheck report DIR writes it.`);
    };
    each.rows ??= new Promise((loaded, failed) => {
      const link = make("link", "", { rel: "stylesheet", href: each.list.dataset.file });
      link.nonce = document.querySelector("style").nonce;
      link.addEventListener("load", () => {
        loaded(getComputedStyle(each.list).getPropertyValue("--rows"));
        link.remove();
      });
      link.addEventListener("error", failed);
      document.head.append(link);
    }).then((text) => (text ? unpacked(text.trim().slice(1, -1)) : trouble("is of another run")), () => trouble("is not beside this page"));
    return each.rows;
  };
  const grid = (label, heads) => {
    const table = make("table", "");
    const head = make("tr", "");
    heads.forEach((word) => head.append(make("th", word, { scope: "col" })));
    table.append(make("thead", ""), make("tbody", ""));
    table.tHead.append(head);
    const scroll = make("div", "", { class: "scroll", tabindex: "0", role: "region", "aria-label": label });
    scroll.append(table);
    return scroll;
  };
  const seen = (row) => [row.seen, row.size].filter(Boolean).join(", ");
  const line = (row) => {
    const element = make("tr", "");
    const why = make("td", row.why ?? "", { class: "sentence" });
    if (row.facts) {
      const folded = make("details", "");
      folded.append(make("summary", "evidence"), ...row.facts.map(([key, value]) => make("div", `${key}: ${value}`)));
      why.append(folded);
    }
    element.append(
      make("td", `${row.symbol} ${row.status}`, { class: `whole t-${row.status}` }), make("td", row.check),
      make("th", row.case, { scope: "row" }), make("td", seen(row)), why, make("td", row.id, { class: "code" }),
    );
    return kept(element);
  };
  const page = 200;
  const fill = ({ list, name, said }, rows) => {
    const bar = make("div", "", { class: "tools" });
    const search = make("input", "", { type: "search", placeholder: "filter rows", "aria-label": `filter rows of ${name}` });
    bar.append(search);
    const scroll = grid(`rows of ${name}`, ["outcome", "check", "case", "seen", "why", "id"]);
    const body = scroll.querySelector("tbody");
    const more = make("button", "", { type: "button" });
    list.append(bar, scroll, more);
    let found = rows;
    let shown = 0;
    const show = () => {
      const next = found.slice(shown, shown + page);
      body.append(...next.map(line));
      shown += next.length;
      said.textContent = `${shown} of ${found.length} rows shown`;
      more.hidden = shown === found.length;
      more.textContent = `show ${Math.min(page, found.length - shown)} more`;
    };
    more.addEventListener("click", show);
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      found = rows.filter((row) => [row.status, row.check, row.case, seen(row), row.why, row.id].join(" ").toLowerCase().includes(wanted));
      shown = 0;
      body.replaceChildren();
      show();
    });
    show();
  };
  for (const each of lists) {
    each.said.textContent = "Read when opened.";
    each.list.addEventListener("toggle", async () => {
      if (!each.list.open || each.filled) return;
      each.filled = true;
      each.said.textContent = "Reading …";
      try {
        fill(each, await read(each));
      } catch (error) {
        each.filled = false;
        each.said.textContent = error.message;
      }
    });
  }

  // Two architectures: the cases in which they saw different things, of the lists of both.
  if (lists.length > 1) {
    const bar = tools(listed, lists[0].list);
    const picked = [0, 1].map((place) => {
      const select = make("select", "", { "aria-label": `architecture ${place + 1} of two` });
      lists.forEach(({ name }, key) => select.append(make("option", name, { value: key })));
      select.selectedIndex = place;
      bar.append(select);
      return select;
    });
    const go = make("button", "compare", { type: "button" });
    const said = make("span", "", { role: "status", class: "muted" });
    bar.append(go, said);
    const place = make("div", "", { id: "compared" });
    bar.after(place);
    const key = (row) => JSON.stringify([row.check, row.case]);
    const what = (row) => row && JSON.stringify([row.seen, "facts" in row]); // a red row has what it rests on behind it
    const compare = async () => {
      said.textContent = "Reading …";
      place.replaceChildren();
      const two = picked.map((select) => lists[Number(select.value)]);
      let one, other;
      try {
        [one, other] = await Promise.all(two.map(read));
      } catch (error) {
        said.textContent = error.message;
        return;
      }
      const others = new Map(other.map((row) => [key(row), row]));
      const mine = new Set(one.map(key));
      const pairs = [...one.map((row) => [row, others.get(key(row))]), ...other.filter((row) => !mine.has(key(row))).map((row) => [undefined, row])];
      const both = ([a, b]) => [a, b].every((row) => row && row.status !== "not-applicable");
      const unlike = pairs.filter(([a, b]) => what(a) !== what(b));
      const asked = unlike.filter(both);
      const differing = [...asked, ...unlike.filter((pair) => !both(pair))];
      const apart = [0, 1].map((side) => asked.filter((pair) => pair[side].seen === "separated" && pair[1 - side].seen !== "separated").length);
      const alone = differing.length - asked.length;
      said.textContent = `differ in ${differing.length} of ${pairs.length} cases${alone ? `, ${alone} of them asked of one alone and listed last` : ""}` +
        (apart.some(Boolean) ? `; of the pairs that both were asked ${two.map(({ name }, side) => `${name} alone tells apart ${apart[side]}`).join(", ")}` : "");
      if (!differing.length) return;
      const scroll = grid("cases that differ", ["check", "case", ...two.map(({ name }) => name)]);
      for (const [a, b] of differing) {
        const row = make("tr", "");
        const relation = (a ?? b).relation ?? b?.relation;
        row.append(make("td", (a ?? b).check), make("th", relation ? `${(a ?? b).case} (${relation})` : (a ?? b).case, { scope: "row" }));
        for (const each of [a, b]) row.append(make("td", each ? `${each.symbol} ${seen(each)}` : "no row", { class: each ? `t-${each.status}` : "muted" }));
        scroll.querySelector("tbody").append(kept(row));
      }
      place.append(scroll);
    };
    go.addEventListener("click", compare);

    // In the score card: one name picks an architecture, the next one compares the two.
    let first = null;
    const card = document.querySelector("#score-card table");
    for (const row of card?.tBodies[0].rows ?? []) {
      const named = row.cells[0].querySelector(".name");
      const number = lists.findIndex(({ name }) => name === named.textContent.trim());
      if (number < 0) continue;
      const pick = make("button", "", { type: "button", class: "pick", "aria-pressed": "false", title: "pick two to compare them" });
      pick.append(...named.childNodes); // with the places where it may break
      named.append(pick);
      pick.addEventListener("click", () => {
        const before = first;
        first = before ? null : { pick, number };
        (before ?? first).pick.setAttribute("aria-pressed", String(!before));
        if (!before || before.number === number) return;
        [picked[0].value, picked[1].value] = [before.number, number];
        compare();
        bar.scrollIntoView();
        go.focus({ preventScroll: true });
      });
    }
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

  kept(document.body);

  // A link to a folded row unfolds it; printing unfolds the first row of each cause, and what the reader has unfolded stays so.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => all("#roots a[href^='#row-']").forEach((link) => {
    const row = document.getElementById(link.hash.slice(1));
    if (row instanceof HTMLDetailsElement) row.open = true;
  }));
})();
