// One call of the API: its fields, a request of one's own, and what the server answers.

import { html, useRef, useState } from "/pages/preact-htm.js";

// A whole reply that is longer is cut in the page.
const SHOWN = 200000;
// What most calls can be tried with.
const GUESSES = { query: "Hello", user: "me", name: "A name", text: "A text", response_mode: "streaming" };

const csrf = () => (document.cookie.match(/(?:^|; )(?:__Host-)?csrf_token=([^;]*)/) || [])[1] || "";
/** Whether somebody is signed in in this browser. */
export const hasSession = () => csrf() !== "";

function resolve(schema, api) {
  if (!schema?.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((at, key) => at[key], api);
}

/** A value of the right shape to start from. */
function example(schema, api, depth = 0, name = "") {
  const found = resolve(schema, api);
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (depth > 4) return null;
  if (found.anyOf) return example(found.anyOf[0], api, depth, name);
  if (type === "object") {
    const needed = found.required || [];
    return Object.fromEntries(Object.entries(found.properties || {}).filter(([each]) => needed.includes(each) || (depth === 0 && each === "response_mode")).map(([each, inner]) => [each, example(inner, api, depth + 1, each)]));
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return false;
  return GUESSES[name] ?? "";
}

/** Headers by which the server knows who calls. */
async function identity(scheme, path, keys) {
  if (scheme === "console") return { "X-CSRF-Token": csrf() };
  if (path.startsWith("/api/") && keys.code) {
    const code = { "X-App-Code": keys.code };
    if (scheme !== "passport") return code;
    const reply = await fetch("/api/passport?user_id=docs", { headers: code });
    return { ...code, "X-App-Passport": (await reply.json()).access_token || "" };
  }
  return keys[scheme] ? { Authorization: `Bearer ${keys[scheme]}` } : {};
}

/** The same request for a terminal, without the key. */
function curl(verb, url, scheme, json) {
  const words = ["curl", ...(verb === "get" ? [] : ["-X", verb.toUpperCase()]), `'${location.origin}${url}'`];
  if (scheme === "app_key" || scheme === "dataset_key") words.push(`-H "Authorization: Bearer $KEY"`);
  if (json) words.push("-H 'Content-Type: application/json'", "-d", `'${json.replace(/\s*\n\s*/g, " ").replaceAll("'", "'\\''")}'`);
  return words.join(" ");
}

function Row({ name, field, value, onInput }) {
  return html`<tr><td><code>${name}</code>${field.required && html`<span class="bad" title="required"> *</span>`}
    ${onInput && html`<input aria-label=${name} value=${value} onInput=${(event) => onInput(event.target.value)} />`}</td>
    <td class="what">${field.description}</td></tr>`;
}

async function read(answer, tell) {
  const kind = answer.headers.get("content-type") || "";
  if (kind && !/^(text\/|application\/(json|openapi|yaml))/.test(kind)) {
    return `${(await answer.blob()).size} bytes of ${kind}`;
  }
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader?.read(); part && !part.done; part = await reader.read()) {
    text = (text + part.value).slice(0, SHOWN);
    tell(text);
  }
  const isWhole = kind.startsWith("application/json") && text.length < SHOWN;
  return isWhole ? JSON.stringify(JSON.parse(text), null, 2) : text;
}

export function Call({ verb, path, call, document: api, keys }) {
  const parameters = call.parameters || [];
  const content = call.requestBody?.content || {};
  const json = content["application/json"]?.schema;
  const form = json ? null : content["multipart/form-data"]?.schema;
  const fields = json && resolve(json, api);
  const parts = form ? Object.keys(resolve(form, api).properties || {}) : [];
  const [values, setValues] = useState({});
  const [body, setBody] = useState(() => (json ? JSON.stringify(example(json, api), null, 2) : ""));
  const [files, setFiles] = useState({});
  const [reply, setReply] = useState(null);
  const abort = useRef(null);
  const scheme = Object.keys(call.security?.[0] || {})[0];
  const filled = path.replace(/\{(\w+)[^}]*\}/g, (_, name) => encodeURIComponent(values[name] || ""));
  const query = new URLSearchParams(parameters.filter((each) => each.in === "query" && values[each.name]).map((each) => [each.name, values[each.name]]));
  const url = query.size ? `${filled}?${query}` : filled;

  const send = async () => {
    const began = performance.now();
    const lacks = parameters.find((each) => each.in === "path" && !values[each.name]);
    if (lacks) return setReply({ status: `${lacks.name} is needed.`, text: "" });
    abort.current = new AbortController();
    setReply({ status: "…", text: "", busy: true });
    let status = "";
    try {
      const headers = await identity(scheme, path, keys);
      let sent;
      if (form) {
        sent = new FormData();
        for (const name of parts) if (files[name] || values[name]) sent.append(name, files[name] || values[name]);
      } else if (json) {
        headers["Content-Type"] = "application/json";
        sent = body;
      }
      const answer = await fetch(url, { method: verb.toUpperCase(), headers, body: sent, signal: abort.current.signal });
      status = `${answer.status} ${answer.statusText}`.trim();
      const text = await read(answer, (so_far) => setReply({ status, text: so_far, busy: true }));
      setReply({ status: `${status}, ${Math.round(performance.now() - began)} ms, request ${answer.headers.get("x-request-id")}`, text });
    } catch (error) {
      setReply((last) => ({ status: `${status} ${error.name === "AbortError" ? "stopped here" : error.message}`, text: last?.text || "" }));
    }
  };
  const set = (name) => (value) => setValues((all) => ({ ...all, [name]: value }));
  return html`<div class="open">
    <div class="what">${call.description}</div>
    <table>
      ${parameters.map((each) => html`<${Row} name=${each.name} field=${each} value=${values[each.name] || ""} onInput=${set(each.name)} />`)}
      ${parts.filter((name) => name !== "file").map((name) => html`<${Row} name=${name} field=${{}} value=${values[name] || ""} onInput=${set(name)} />`)}
    </table>
    ${json && html`<textarea aria-label="Body" spellcheck="false" rows=${Math.min(20, body.split("\n").length)} value=${body} onInput=${(event) => setBody(event.target.value)}></textarea>`}
    ${parts.includes("file") && html`<input type="file" aria-label="File" onChange=${(event) => setFiles({ file: event.target.files[0] })} />`}
    <div class="chips"><button class="main" disabled=${reply?.busy} onClick=${send}>Send ${verb.toUpperCase()}</button>
      ${reply?.busy && html`<button onClick=${() => abort.current.abort()}>Stop</button>`}</div>
    ${reply && html`<div class="what" role="status">${reply.status}</div><pre class="reply">${reply.text}</pre>`}
    ${!form && html`<details class="sources"><summary>For a terminal</summary><pre>${curl(verb, url, scheme, json && body)}</pre></details>`}
    ${fields && html`<details class="sources" open><summary>Fields of the body</summary><table>
      ${Object.entries(fields.properties || {}).map(([name, each]) => html`<${Row} name=${name} field=${{ ...each, required: (fields.required || []).includes(name) }} />`)}
    </table></details>`}
  </div>`;
}
