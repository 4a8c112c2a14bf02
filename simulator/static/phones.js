// The phones page (bubbles.js draws the bubbles): draws what /sim/phones tells, follows /sim/stream, posts what people do.
"use strict";

const FAULTS = {
  customer: { endpoint: "wechat/message/custom/send", errcode: 45015 },
  template: { endpoint: "wechat/message/template/send", errcode: 43004 },
  subscription: { endpoint: "wechat/message/subscribe/bizsend", errcode: 43101 },
  sms: { endpoint: "twilio/callback", kind: "callbacks", statuses: ["sent", "undelivered"], errcode: 30003 },
};
const GAP = 5 * 60 * 1000;
const phones = new Map();
let revision = 0;
let offset = 0;
let menu = [];

async function call(method, path, body) {
  const options = { method, headers: { "Content-Type": "application/json" } };
  if (body !== undefined) options.body = JSON.stringify(body);
  try {
    const answer = await fetch(path, options);
    const result = await answer.json();
    if (!answer.ok) throw new Error(result.error);
    return result;
  } catch (error) {
    toast(`没有做成：${error.message}`);
    throw error;
  }
}

function toast(words) {
  const place = $(".toast");
  place.textContent = words;
  place.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { place.hidden = true; }, 4000);
}

// -- drawing ---------------------------------------------------------------------------------------

function drawPhone(head) {
  const known = phones.get(head.id);
  if (known) {
    known.head = head;
    fillHead(known);
  } else if (head.listed) {
    addPhone(head);
    showNewest();
  }
  others.set(head.id, head);
}
const others = new Map();

function addPhone(head) {
  const root = $("#phone").content.firstElementChild.cloneNode(true);
  root.classList.add(head.channel);
  root.dataset.testid = `phone-${head.id}`;
  root.dataset.role = head.role;
  const phone = { head, root, bubbles: new Map(), last: 0 };
  phones.set(head.id, phone);
  $("textarea", root).dataset.testid = `input-${head.id}`;
  $(".send", root).dataset.testid = `send-${head.id}`;
  $(".plus", root).dataset.testid = `plus-${head.id}`;
  $(".panel", root).dataset.testid = `panel-${head.id}`;
  $(".panel", root).append($(`#panel-${head.channel}`).content.cloneNode(true));
  fillHead(phone);
  fillExamples(phone);
  fillMenu(phone);
  wire(phone);
  $(".row").append(root);
  addTab(phone);
}

// Each phone more makes the others narrower and their text longer.
function showNewest() {
  for (const { root } of phones.values()) $(".chat", root).scrollTop = $(".chat", root).scrollHeight;
}

function fillHead(phone) {
  const { head, root } = phone;
  const sms = head.channel === "sms";
  $(".owner", root).textContent = head.name;
  root.setAttribute("aria-label", head.name);
  $(".title strong", root).textContent = sms ? (head.state.numbers || [])[0] || "" : head.state.account || "";
  const stopped = (head.state.stopped || []).length > 0;
  $(".title small", root).textContent = sms ? `本机 ${head.id}${stopped ? " · 已退订" : ""}` : head.state.follows ? "服务号 · 已关注" : "服务号 · 未关注";
}

function fillExamples(phone) {
  const list = $(`#examples`).content.querySelector(`ul[data-role=${phone.head.role === "officer" ? "officer" : "citizen"}]`);
  for (const item of list.children) {
    const button = make("button", { type: "button", title: item.textContent }, item.textContent);
    button.addEventListener("click", () => write(phone, item.textContent.replace("编号", phone.number || "编号")));
    $(".try div", phone.root).append(button);
  }
}

function write(phone, text) {
  const field = $("textarea", phone.root);
  field.value = text;
  grow(field);
  field.focus();
  const blank = text.indexOf("编号");
  if (blank >= 0) field.setSelectionRange(blank, blank + 2);
}

function fillMenu(phone) {
  const place = $(".menu", phone.root);
  place.hidden = phone.head.channel !== "wechat" || menu.length === 0;
  place.replaceChildren(...menu.map((entry) => menuEntry(phone, entry)));
}

function menuEntry(phone, entry) {
  const subs = entry.sub_button || [];
  const button = make("button", { type: "button" }, (subs.length ? "≡ " : "") + entry.name);
  const box = make("div", {}, button);
  if (!subs.length) {
    button.addEventListener("click", () => chooseMenu(phone, entry));
    return box;
  }
  const list = make("div", { class: "sub", hidden: "hidden" });
  list.append(...subs.map((sub) => menuEntry(phone, sub)));
  list.addEventListener("click", () => { list.hidden = true; });
  button.addEventListener("click", () => { list.hidden = !list.hidden; });
  box.append(list);
  return box;
}

function chooseMenu(phone, entry) {
  if (entry.type === "view") window.open(entry.url, "_blank", "noopener");
  const event = entry.type === "view" ? "VIEW" : entry.type === "click" ? "CLICK" : entry.type;
  act(phone, "event", { event, key: entry.key || entry.url || "", name: entry.name });
}

function drawBubble(id, bubble, fresh) {
  const phone = phones.get(id);
  if (!phone) return;
  const known = phone.bubbles.get(bubble.id);
  if (known) {
    known.dataset.status = bubble.status;
    return;
  }
  const chat = $(".chat", phone.root);
  const low = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 60;
  const at = new Date(bubble.at);
  if (at - phone.last > GAP) chat.append(make("span", { class: "when" }, shortTime(at)));
  phone.last = at;
  phone.number = numberIn(bubble) || phone.number;
  const node = bubbleNode(phone, bubble);
  if (fresh) node.classList.add("fresh");
  phone.bubbles.set(bubble.id, node);
  chat.append(node);
  const line = underline(bubble);
  if (line) chat.append(make("span", { class: bubble.direction === "out" ? "way out" : "way" }, line));
  if (low || bubble.direction === "out" || !fresh) chat.scrollTop = chat.scrollHeight;
}

function drawStatus(state) {
  offset = state.clock.offset_seconds * 1000;
  const names = new Set(state.faults.map((fault) => fault.name));
  for (const button of document.querySelectorAll(".switch")) {
    button.setAttribute("aria-pressed", String(names.has(`page-${button.dataset.fault}`)));
  }
  drawMenu(state.menu);
  tick();
}

function drawMenu(buttons) {
  menu = buttons;
  for (const phone of phones.values()) fillMenu(phone);
}

function tick() {
  const now = new Date(Date.now() + offset);
  const day = now.toLocaleDateString("zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric", weekday: "short" });
  const time = now.toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
  $(".clock").textContent = `${day} ${time}`;
  for (const phone of phones.values()) $(".time", phone.root).textContent = time;
}

// -- what people do --------------------------------------------------------------------------------

function act(phone, what, body) {
  const id = encodeURIComponent(phone.head.id);
  return call("POST", `/sim/${phone.head.channel}/${id}/${what}`, { wait: false, ...body });
}

function wire(phone) {
  const { root } = phone;
  const field = $("textarea", root);
  $("form", root).addEventListener("submit", (event) => { event.preventDefault(); sendText(phone); });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendText(phone);
  });
  field.addEventListener("input", () => grow(field));
  const plus = $(".plus", root);
  plus.addEventListener("click", () => openPanel(phone, $(".panel", root).hidden));
  for (const button of root.querySelectorAll("[data-do]")) {
    button.dataset.testid = `${button.dataset.do}-${phone.head.id}`;
    button.addEventListener("click", () => { DO[button.dataset.do](phone); openPanel(phone, false); });
  }
  $("input[type=file]", root).addEventListener("change", (event) => sendFile(phone, event.target));
}

function openPanel(phone, open) {
  $(".panel", phone.root).hidden = !open;
  const chat = $(".chat", phone.root);
  chat.scrollTop = chat.scrollHeight;
  $(".plus", phone.root).setAttribute("aria-expanded", String(open));
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

function taken(phone) {
  const field = $("textarea", phone.root);
  const text = field.value;
  field.value = "";
  grow(field);
  return text;
}

function sendText(phone) {
  const text = taken(phone);
  if (text) act(phone, "send", { kind: "text", text }).catch(() => write(phone, text));
}

function sendFile(phone, input) {
  const file = input.files[0];
  input.value = "";
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => act(phone, "send", { kind: "image", picture: reader.result }));
  reader.readAsDataURL(file);
  openPanel(phone, false);
}

const DO = {
  sample: (phone) => act(phone, "send", { kind: "image", picture: true }),
  voice: (phone) => act(phone, "send", { kind: "voice", recognition: taken(phone) }),
  location: (phone) => act(phone, "send", { kind: "location", label: taken(phone) || "成华区建设路 12 号" }),
  click: (phone) => act(phone, "event", { event: "CLICK", key: taken(phone) || "help" }),
  subscribe: (phone) => subscribe(phone, { accept: true }),
  "subscribe-long": (phone) => subscribe(phone, { accept: true, long_term: true }),
  refuse: (phone) => subscribe(phone, { accept: false }),
  follow: (phone) => act(phone, "follow", { follow: true }),
  unfollow: (phone) => act(phone, "follow", { follow: false }),
  stop: (phone) => act(phone, "send", { text: "STOP" }),
  start: (phone) => act(phone, "send", { text: "START" }),
};

async function subscribe(phone, choice) {
  for (const template of ["SUB_ANSWER", "SUB_NOTICE"]) await act(phone, "subscribe", { template, ...choice });
}

// -- toolbar, tabs, dialog -------------------------------------------------------------------------

function addTab(phone) {
  const button = make("button", { type: "button" }, phone.head.name);
  button.addEventListener("click", () => phone.root.scrollIntoView({ inline: "center", block: "nearest" }));
  $(".tabs").append(button);
  new IntersectionObserver((entries) => {
    for (const entry of entries) button.setAttribute("aria-current", String(entry.isIntersecting));
  }, { root: $(".row"), threshold: 0.6 }).observe(phone.root);
}

function wireToolbar() {
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => call("POST", "/sim/clock", { advance_hours: Number(button.dataset.advance) }));
  }
  for (const button of document.querySelectorAll(".switch")) {
    button.addEventListener("click", () => toggle(button.dataset.fault, button.getAttribute("aria-pressed") === "true"));
  }
  $(".add").addEventListener("click", openDialog);
}

function toggle(fault, on) {
  const name = `page-${fault}`;
  return on ? call("DELETE", `/sim/faults?name=${name}`) : call("POST", "/sim/faults", { ...FAULTS[fault], name, times: null });
}

function openDialog() {
  const folded = [...others.values()].filter((head) => head.channel === "sms" && !phones.has(head.id));
  $(".others div").replaceChildren(...folded.map((head) => {
    const button = make("button", { type: "button" }, head.id);
    button.addEventListener("click", () => { $("[name=number]").value = head.id; });
    return button;
  }));
  $(".adding").dataset.folded = String(folded.length);
  showNumber();
  $(".adding").showModal();
}

function showNumber() {
  const sms = $(".adding [name=channel]:checked").value === "sms";
  $(".adding .number").hidden = !sms;
  $(".others").hidden = !sms || $(".adding").dataset.folded === "0";
}

function wireDialog() {
  const dialog = $(".adding");
  $(".plain", dialog).addEventListener("click", () => dialog.close());
  dialog.addEventListener("change", showNumber);
  $("form", dialog).addEventListener("submit", () => {
    const form = Object.fromEntries(new FormData($("form", dialog)));
    const { channel, number, ...person } = form;
    const path = channel === "sms" ? "/sim/sms/numbers" : "/sim/wechat/persons";
    call("POST", path, channel === "sms" && number ? { ...person, number } : person).then((head) => openPhone(head.id));
  });
}

// A folded number has bubbles already: load them.
async function openPhone(id) {
  const state = await call("GET", "/sim/phones");
  const phone = state.phones.find((one) => one.id === id);
  drawPhone(phone);
  for (const bubble of phone.bubbles) drawBubble(id, bubble, false);
  phones.get(id).root.scrollIntoView({ inline: "center", block: "nearest" });
}

// -- following -------------------------------------------------------------------------------------

async function load() {
  const state = await call("GET", "/sim/phones");
  revision = state.revision;
  phones.clear();
  others.clear();
  $(".row").replaceChildren();
  $(".tabs").replaceChildren();
  for (const phone of state.phones) {
    drawPhone(phone);
    for (const bubble of phone.bubbles) drawBubble(phone.id, bubble, false);
  }
  showNewest();
  drawStatus(state);
}

function take(changes) {
  for (const change of changes) {
    if (change.type === "phone") drawPhone(change.phone);
    else if (change.type === "bubble") drawBubble(change.phone, change.bubble, true);
    else if (change.type === "menu") drawMenu(change.menu);
    else if (change.type === "status") drawStatus(change);
  }
}

function isReset(changes) {
  return changes.some((change) => change.type === "reset");
}

function follow() {
  const stream = new EventSource(`/sim/stream?since=${revision}`);
  let failures = 0;
  stream.addEventListener("message", (event) => {
    failures = 0;
    revision = Number(event.lastEventId);
    const changes = JSON.parse(event.data);
    if (!isReset(changes)) {
      take(changes);
      return;
    }
    stream.close(); // a bubble that came between the new state and its drawing would be lost
    load().then(follow);
  });
  stream.addEventListener("error", () => {
    failures += 1;
    if (failures < 3 && stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    poll();
  });
}

async function poll() {
  for (;;) {
    try {
      const answer = await (await fetch(`/sim/changes?since=${revision}`)).json();
      revision = answer.revision;
      if (isReset(answer.changes)) await load();
      else take(answer.changes);
    } catch { /* the simulator is away; the next round asks again */ }
    await new Promise((done) => { setTimeout(done, 200); });
  }
}

wireToolbar();
wireDialog();
setInterval(tick, 5000);
load().then(() => { document.body.dataset.ready = "true"; follow(); });
