// The API, from the document that the protos give: every call can be made from here with a key of one's own.

import { html, render, useEffect, useState } from "/pages/preact-htm.js";

const VERBS = ["get", "post", "put", "patch", "delete"];
const KEYS = { app_key: "App key", dataset_key: "Dataset key", passport: "Passport" };
// A whole reply that is longer is cut in the page.
const SHOWN = 200000;

function resolve(schema, document) {
  if (!schema?.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((at, key) => at[key], document);
}

/** A value of the right shape to start from. */
function example(schema, document, depth = 0) {
  const found = resolve(schema, document);
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (depth > 4) return null;
  if (found.anyOf) return example(found.anyOf[0], document, depth);
  if (type === "object") {
    const needed = found.required || [];
    return Object.fromEntries(Object.entries(found.properties || {}).filter(([name]) => needed.includes(name)).map(([name, each]) => [name, example(each, document, depth + 1)]));
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  return "";
}

function Row({ name, field, value, onInput }) {
  return html`<tr><td><code>${name}</code>${field.required && html`<span class="bad"> *</span>`}</td>
    <td>${onInput && html`<input aria-label=${name} value=${value} onInput=${(event) => onInput(event.target.value)} />`}</td>
    <td class="what">${field.description}</td></tr>`;
}

function Call({ verb, path, call, document, keys }) {
  const parameters = call.parameters || [];
  const content = call.requestBody?.content || {};
  const json = content["application/json"]?.schema;
  const form = content["multipart/form-data"]?.schema;
  const fields = json && resolve(json, document);
  const [values, setValues] = useState({});
  const [body, setBody] = useState(() => (json ? JSON.stringify(example(json, document), null, 2) : ""));
  const [file, setFile] = useState(null);
  const [reply, setReply] = useState(null);

  const send = async () => {
    const url = path.replace(/\{(\w+)[^}]*\}/g, (_, name) => encodeURIComponent(values[name] || ""));
    const query = new URLSearchParams(parameters.filter((each) => each.in === "query" && values[each.name]).map((each) => [each.name, values[each.name]]));
    const headers = {};
    const scheme = Object.keys(call.security?.[0] || {})[0];
    if (scheme === "passport") headers["X-App-Passport"] = keys.passport || "";
    else if (scheme === "console") headers["X-CSRF-Token"] = (globalThis.document.cookie.match(/csrf_token=([^;]+)/) || [])[1] || "";
    else if (keys[scheme]) headers.Authorization = `Bearer ${keys[scheme]}`;
    let sent;
    if (form) {
      sent = new FormData();
      if (file) sent.append("file", file);
      for (const name of Object.keys(resolve(form, document).properties || {})) if (name !== "file" && values[name]) sent.append(name, values[name]);
    } else if (json) {
      headers["Content-Type"] = "application/json";
      sent = body;
    }
    setReply({ status: "…", text: "" });
    try {
      const answer = await fetch(query.size ? `${url}?${query}` : url, { method: verb.toUpperCase(), headers, body: sent });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let part = await reader?.read(); part && !part.done; part = await reader.read()) {
        text = (text + part.value).slice(0, SHOWN);
        setReply({ status: answer.status, text });
      }
      const isJson = (answer.headers.get("content-type") || "").startsWith("application/json");
      setReply({ status: answer.status, text: isJson && text.length < SHOWN ? JSON.stringify(JSON.parse(text), null, 2) : text });
    } catch (error) {
      setReply({ status: "", text: error.message });
    }
  };
  const set = (name) => (value) => setValues((all) => ({ ...all, [name]: value }));
  return html`<div class="open">
    <div class="what">${call.description}</div>
    <table>
      ${parameters.map((each) => html`<${Row} name=${each.name} field=${each} value=${values[each.name] || ""} onInput=${set(each.name)} />`)}
      ${fields && Object.entries(fields.properties || {}).map(([name, each]) => html`<${Row} name=${name} field=${{ ...each, required: (fields.required || []).includes(name) }} />`)}
      ${form && Object.keys(resolve(form, document).properties || {}).filter((name) => name !== "file").map((name) => html`<${Row} name=${name} field=${{}} value=${values[name] || ""} onInput=${set(name)} />`)}
    </table>
    ${json && html`<textarea aria-label="Body" spellcheck="false" value=${body} onInput=${(event) => setBody(event.target.value)}></textarea>`}
    ${form && html`<input type="file" aria-label="File" onChange=${(event) => setFile(event.target.files[0])} />`}
    <div><button class="main" onClick=${send}>Send ${verb.toUpperCase()}</button></div>
    ${reply && html`<div class="what">${reply.status}</div><pre>${reply.text}</pre>`}
  </div>`;
}

function Docs({ document }) {
  const [keys, setKeys] = useState(() => JSON.parse(sessionStorage.getItem("transom-keys") || "{}"));
  const [wanted, setWanted] = useState("");
  const [open, setOpen] = useState({});
  useEffect(() => sessionStorage.setItem("transom-keys", JSON.stringify(keys)), [keys]);
  const groups = new Map();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const verb of VERBS.filter((name) => item[name])) {
      const call = item[verb];
      if (wanted && !`${verb} ${path} ${call.summary}`.toLowerCase().includes(wanted.toLowerCase())) continue;
      const tag = call.tags?.[0] || "Other";
      groups.set(tag, [...(groups.get(tag) || []), { verb, path, call, id: `${verb} ${path}` }]);
    }
  }
  return html`<header>
      <h1>${document.info.title} ${document.info.version}</h1>
      ${Object.entries(KEYS).map(([name, label]) => html`<label>${label}<input type="password" autocomplete="off" value=${keys[name] || ""} onInput=${(event) => setKeys({ ...keys, [name]: event.target.value })} /></label>`)}
      <label>Find<input type="search" value=${wanted} onInput=${(event) => setWanted(event.target.value)} /></label>
    </header>
    <p class="what">Keys stay in this tab. The whole contract: <a href="/openapi.json">openapi.json</a>. Console calls use the session of this browser.</p>
    ${[...groups].map(([tag, calls]) => html`<section key=${tag}><h2>${tag}</h2>${calls.map((each) => html`<details key=${each.id} onToggle=${(event) => setOpen((all) => ({ ...all, [each.id]: event.target.open }))}>
      <summary><span class="verb">${each.verb.toUpperCase()}</span><code>${each.path}</code><span class="what">${each.call.summary}</span></summary>
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
