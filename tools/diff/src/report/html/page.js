"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const objects = all("details.object").map((node) => ({
    node,
    link: document.querySelector(`.tree a[href="#${node.id}"]`)?.parentElement,
    heading: node.querySelector("h3").textContent.toLowerCase(),
    changes: all("li.change", node).map((item) => ({ item, text: item.textContent.toLowerCase() })),
  }));
  const total = objects.reduce((sum, object) => sum + object.changes.length, 0);
  const chosen = (name) => new Set(all(`input[name="${name}"]:checked`).map((box) => box.value));

  const apply = () => {
    const words = one("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = chosen("severity");
    const kinds = chosen("change");
    const kind = one("kind").value;
    let shown = 0;
    for (const { node, link, heading, changes } of objects) {
      let any = 0;
      for (const { item, text } of changes) {
        const visible =
          (!kind || node.dataset.kind === kind) &&
          severities.has(item.dataset.severity) &&
          kinds.has(item.dataset.change) &&
          words.every((word) => heading.includes(word) || text.includes(word));
        item.hidden = !visible;
        any += visible ? 1 : 0;
      }
      node.hidden = any === 0;
      if (link) link.hidden = any === 0;
      shown += any;
    }
    for (const section of all("section.schema")) section.hidden = !section.querySelector("details.object:not([hidden])");
    for (const folder of all(".tree > details")) folder.hidden = !folder.querySelector("li:not([hidden])");
    one("shown").textContent = shown === total ? `${total} changes` : `${shown} of ${total} changes`;
  };

  // A link to something folded opens it.
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const folded = target && target.closest("details.object");
    if (folded) folded.open = true;
  };

  const form = one("filter");
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  one("fold").addEventListener("click", () => objects.forEach(({ node }) => (node.open = false)));
  one("unfold").addEventListener("click", () => objects.forEach(({ node }) => (node.open = true)));
  addEventListener("hashchange", reveal);
  form.hidden = total === 0;
  apply();
  reveal();
})();
