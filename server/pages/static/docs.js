// The API, from the document that the protos give: every call can be made from here with a key of one's own.

import { html, render, useEffect, useState } from "/pages/preact-htm.js";
import { Call, hasSession } from "/pages/docs_call.js";

const VERBS = ["get", "post", "put", "patch", "delete"];
const CHAPTERS = [
  { id: "service", title: "Service API", what: "Apps, for your own programs. It takes an app's key." },
  { id: "knowledge", title: "Knowledge API", what: "Datasets, their documents, and searching them. It takes a dataset key." },
  { id: "web", title: "Web API", what: "Visitors of an app's page. The passport is fetched for the code of the page." },
  { id: "console", title: "Console API", what: "Administration, by the session of this browser." },
  { id: "more", title: "More", what: "Health, files behind signed links, webhooks and pages. No key." },
];
const FIELDS = {
  service: ["app_key", "App key", "app-…"], knowledge: ["dataset_key", "Dataset key", "dataset-…"],
  web: ["code", "App code", "the last part of the page's address"],
};
const KEPT = "transom-keys";

function chapterOf(path, call) {
  if (path.startsWith("/console/api")) return "console";
  if (path.startsWith("/api/")) return "web";
  if (!path.startsWith("/v1/")) return "more";
  return call.security?.[0]?.dataset_key ? "knowledge" : "service";
}

/** Every call: {id, verb, path, call, chapter, group}. */
function listed(document) {
  return Object.entries(document.paths).flatMap(([path, item]) => VERBS.filter((verb) => item[verb]).map((verb) => {
    const call = item[verb];
    return { id: `${verb} ${path}`, verb, path, call, chapter: chapterOf(path, call), group: call.tags?.[0] || "Other" };
  }));
}

/** `DraftVariable` as people write it. */
const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2");

function Key({ chapter, keys, onKeys }) {
  if (chapter === "console") {
    const text = hasSession() ? "Signed in. As somebody else:" : "Nobody is signed in in this browser:";
    return html`<p class="what">${text} <a href="/signin" target="_blank" rel="noopener">sign in</a>, then come back.</p>`;
  }
  const field = FIELDS[chapter];
  if (!field) return null;
  const [name, label, hint] = field;
  return html`<label>${label}<input type=${name === "code" ? "text" : "password"} autocomplete="off" spellcheck="false" placeholder=${hint}
    value=${keys[name] || ""} onInput=${(event) => onKeys({ ...keys, [name]: event.target.value.trim() })} /></label>`;
}

function Docs({ document }) {
  const [keys, setKeys] = useState(() => JSON.parse(sessionStorage.getItem(KEPT) || "{}"));
  const [chosen, setChosen] = useState(() => (CHAPTERS.find(({ id }) => id === location.hash.slice(1)) || CHAPTERS[0]).id);
  const [wanted, setWanted] = useState("");
  const [open, setOpen] = useState({});
  const [calls] = useState(() => listed(document));
  useEffect(() => sessionStorage.setItem(KEPT, JSON.stringify(keys)), [keys]);
  useEffect(() => history.replaceState(null, "", `#${chosen}`), [chosen]);
  const found = calls.filter(({ verb, path, call }) => `${verb} ${path} ${call.summary}`.toLowerCase().includes(wanted.toLowerCase()));
  // What is looked for elsewhere is shown there.
  const chapter = found.some((each) => each.chapter === chosen) ? chosen : found[0]?.chapter || chosen;
  const groups = new Map();
  for (const each of found) if (each.chapter === chapter) groups.set(each.group, [...(groups.get(each.group) || []), each]);
  const choose = (id) => {
    setChosen(id);
    if (!found.some((each) => each.chapter === id)) setWanted("");
  };
  return html`<header>
      <h1>${document.info.title} API</h1>
      <nav class="chips" aria-label="APIs">${CHAPTERS.map(({ id, title }) => html`<button class=${id === chapter ? "main" : ""} aria-pressed=${id === chapter}
        onClick=${() => choose(id)}>${title} <small>${found.filter((each) => each.chapter === id).length}</small></button>`)}</nav>
      <div class="keys"><${Key} chapter=${chapter} keys=${keys} onKeys=${setKeys} />
        <label>Find<input type="search" placeholder="path or purpose" value=${wanted} onInput=${(event) => setWanted(event.target.value)} /></label></div>
    </header>
    <p class="what">${CHAPTERS.find(({ id }) => id === chapter).what} What is typed here stays in this tab. As a document: <a href="/openapi.json">openapi.json</a>.</p>
    ${groups.size === 0 && html`<p class="note">Nothing here is called so.</p>`}
    ${[...groups].map(([group, members]) => html`<section key=${group}><h2>${words(group)}</h2>${members.map((each) => html`<details key=${each.id} onToggle=${(event) => setOpen((all) => ({ ...all, [each.id]: event.target.open }))}>
      <summary><span class=${`verb ${each.verb}`}>${each.verb.toUpperCase()}</span><code>${each.path}</code><span class="what">${each.call.summary}</span></summary>
      ${open[each.id] && html`<${Call} ...${each} document=${document} keys=${keys} />`}
    </details>`)}</section>`)}`;
}

const root = document.getElementById("docs");
fetch("/openapi.json")
  .then((reply) => reply.json())
  .then((found) => {
    root.textContent = "";
    render(html`<${Docs} document=${found} />`, root);
  })
  .catch((error) => {
    root.textContent = error.message;
  });
