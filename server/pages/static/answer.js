// An answer as Markdown. What a model writes is not trusted: it is cleaned before it becomes part of the page.

import { html } from "/pages/preact-htm.js";
import { marked } from "/pages/marked.js";
import DOMPurify from "/pages/purify.js";
import { Icon } from "/pages/icons.js";

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
});

export function Answer({ text, busy }) {
  if (!text) return busy ? html`<div class="answer busy" aria-label="The answer is being written"></div>` : null;
  const clean = DOMPurify.sanitize(marked.parse(text, { gfm: true, breaks: true }), { FORBID_TAGS: ["style", "form", "input"] });
  return html`<div class=${busy ? "answer busy" : "answer"} dangerouslySetInnerHTML=${{ __html: clean }}></div>`;
}

/** Whether an answer was good; the same choice again takes it back. */
export function Rating({ rating, onRate }) {
  return html`<button type="button" class=${rating === "like" ? "bare on" : "bare"} aria-pressed=${rating === "like"} onClick=${() => onRate("like")} title="Good answer"><${Icon} name="good" solid=${rating === "like"} /></button>
    <button type="button" class=${rating === "dislike" ? "bare on" : "bare"} aria-pressed=${rating === "dislike"} onClick=${() => onRate("dislike")} title="Bad answer"><${Icon} name="bad" solid=${rating === "dislike"} /></button>`;
}

export function Sources({ items }) {
  if (!items?.length) return null;
  return html`<details class="sources"><summary>${items.length} ${items.length === 1 ? "source" : "sources"}</summary>
    <ol>${items.map((item) => html`<li><b>${item.document_name}</b>: ${item.content}</li>`)}</ol></details>`;
}
