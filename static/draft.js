// Counts what was written, and keeps an unfinished answer on this phone until it is sent. The page works without it.
"use strict";
(() => {
  const store = (work) => { try { work(window.localStorage); } catch { /* private mode: no draft */ } };

  const counted = (note) => {
    const field = document.getElementById(note.dataset.count);
    if (!field) return;
    const rest = note.textContent, least = Number(note.dataset.least || 0);
    const count = () => {
      const length = least ? field.value.replace(/\s/g, "").length : field.value.length;
      const missing = least > length ? `，还差 ${least - length} 字` : "";
      note.textContent = field.value ? `已写 ${length} 字${missing}。${rest}` : rest;
    };
    count();
    field.addEventListener("input", count);
  };

  // An order whose answer was taken back is answered anew: what was sent then is no draft of that.
  const draft = document.querySelector("[data-draft]");
  if (draft) {
    const key = `wenzheng-draft-${draft.dataset.draft}-${draft.dataset.after}`;
    if (!draft.value) store((kept) => { draft.value = kept.getItem(key) || ""; });
    draft.addEventListener("input", () => {
      store((kept) => draft.value ? kept.setItem(key, draft.value) : kept.removeItem(key));
    });
  }
  document.querySelectorAll("[data-count]").forEach(counted);
})();
