// Keeps an unfinished answer on this phone until it is sent. The page works without it.
"use strict";
(() => {
  const field = document.querySelector("[data-draft]");
  if (!field) return;
  const key = "wenzheng-draft-" + field.dataset.draft;
  const counter = document.querySelector("[data-count]");
  const rest = counter ? counter.textContent : "";
  const store = (work) => { try { work(window.localStorage); } catch { /* private mode: no draft */ } };

  const count = () => {
    if (counter) counter.textContent = field.value ? `已写 ${field.value.length} 字。${rest}` : rest;
  };
  if (!field.value) store((kept) => { field.value = kept.getItem(key) || ""; });
  count();
  field.addEventListener("input", () => {
    count();
    store((kept) => field.value ? kept.setItem(key, field.value) : kept.removeItem(key));
  });
})();
