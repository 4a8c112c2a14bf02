// How one bubble looks: text, picture, voice, place, choices, card. Loaded before phones.js.
"use strict";

const WAYS = {
  passive: "", customer_service: "客服消息", template_message: "模板消息", subscription_notice: "订阅通知", sms: "", system: "",
};

const $ = (selector, root = document) => root.querySelector(selector);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== "") node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

function underline(bubble) {
  if (bubble.direction === "note") return "";
  if (bubble.segments) return bubble.segments > 1 ? `${bubble.segments} 条短信长度` : "1 条短信";
  return WAYS[bubble.way] || "";
}

function bubbleNode(phone, bubble) {
  const node = make("div", {
    "data-testid": "bubble", "data-direction": bubble.direction, "data-way": bubble.way,
    "data-kind": bubble.kind, "data-status": bubble.status,
  });
  if (bubble.direction === "note") {
    node.className = "note";
    node.append(bubble.text);
    return node;
  }
  node.className = "bubble";
  (DRAW[bubble.kind] || DRAW.text)(node, bubble, phone);
  return node;
}

const DRAW = {
  text: (node, bubble) => node.append(...linked(bubble.text)),
  image: (node, bubble) => {
    node.classList.add("picture");
    node.append(make("img", { src: bubble.picture, alt: "图片" }));
    if (bubble.text) node.append(make("p", {}, bubble.text));
  },
  voice: (node, bubble) => node.append(make("span", { class: "head" }, "语音 3″"), bubble.text || "（没有识别结果）"),
  location: (node, bubble) => node.append(make("span", { class: "head" }, "位置"), bubble.text || "成华区", make("span", { class: "place" })),
  menu: (node, bubble, phone) => {
    node.append(...linked(bubble.text));
    for (const choice of bubble.choices) {
      const button = make("button", { type: "button", class: "choice" }, choice.text);
      button.addEventListener("click", () => act(phone, "send", { kind: "text", text: choice.text, menu_id: choice.id }));
      node.append(button);
    }
  },
  card: (node, bubble, phone) => {
    const { title, rows, url } = bubble.card;
    node.classList.add("card");
    const list = make("dl");
    for (const row of rows) list.append(make("dt", {}, row.label), make("dd", {}, row.value));
    node.append(make("span", { class: "source" }, phone.head.state.account), make("h3", {}, title), list);
    if (/^https?:/.test(url)) node.append(make("a", { class: "more", href: url, target: "_blank", rel: "noopener" }, "查看详情", make("span", {}, "›")));
  },
};

// Addresses and WeChat's <a href> become links; everything else stays text.
function linked(text) {
  const parts = [];
  const pattern = /<a\s+href="(https?:\/\/[^"]+)"[^>]*>([^<]*)<\/a>|https?:\/\/[^\s<>"'，。；！？、）】》]+/g;
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(text.slice(from, match.index));
    parts.push(make("a", { href: match[1] || match[0], target: "_blank", rel: "noopener" }, match[2] || match[0]));
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}

function shortTime(at) {
  return at.toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

// What an officer has to type after a command word, as the last notice says it: “收2611230042”, “收0042 384712”.
function numberIn(bubble) {
  if (bubble.direction !== "in") return "";
  const found = bubble.text.match(/收\s*(\d[\d-]{3,}(?: \d{6})?)/);
  const row = (bubble.card.rows || []).find((one) => one.label === "编号");
  return found ? found[1] : row ? row.value : "";
}
