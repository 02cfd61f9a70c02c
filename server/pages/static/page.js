// The page of a published app: /chat/CODE, /completion/CODE and /workflow/CODE.

import { html, render, useEffect, useRef, useState } from "/pages/preact-htm.js";
import { Client } from "/pages/client.js";
import { Fields, filled, initial, missing } from "/pages/fields.js";
import { Answer, Rating, Sources } from "/pages/answer.js";
import { Form } from "/pages/form.js";
import { Icon } from "/pages/icons.js";
import { Listen, Microphone, Pieces } from "/pages/speech.js";

const [, kind, code] = location.pathname.split("/");
const NOBODY = "00000000-0000-0000-0000-000000000000";
const RUNNING = `transom-running-${code}`;
const client = new Client(code);

function Mark({ site }) {
  if (site.icon_url) return html`<img class="icon" src=${site.icon_url} alt="" />`;
  const text = site.icon_type === "image" || !site.icon ? html`<${Icon} name="talk" />` : site.icon;
  return html`<span class="icon" style=${site.icon_background ? `background:${site.icon_background}` : ""}>${text}</span>`;
}

function Side({ site, talks, current, open, onPick, onNew, onDelete, onPin }) {
  return html`<nav class=${open ? "side open" : "side"} aria-label="Conversations">
    <header><${Mark} site=${site} /><h1>${site.title}</h1><button onClick=${onNew} title="New conversation">New</button></header>
    <ul>${talks.map((talk) => html`<li key=${talk.id} class=${talk.id === current ? "on" : ""}>
      <button onClick=${() => onPick(talk.id)}>${talk.name || "New conversation"}</button>
      <button class="bare" onClick=${() => onPin(talk)} title=${talk.pinned ? "Unpin" : "Pin"} aria-pressed=${Boolean(talk.pinned)}><${Icon} name="star" solid=${talk.pinned} /></button>
      <button class="bare" onClick=${() => onDelete(talk.id)} title="Delete"><${Icon} name="close" /></button>
    </li>`)}</ul>
    ${(site.copyright || site.privacy_policy || site.custom_disclaimer) && html`<footer>
      ${site.custom_disclaimer} ${site.copyright && `© ${site.copyright}`}
      ${site.privacy_policy && html` <a href=${site.privacy_policy} rel="noopener" target="_blank">Privacy</a>`}
    </footer>`}
  </nav>`;
}

function Turn({ turn, features, onRate, onAgain, onFault }) {
  return html`<div class="said">${turn.query}${turn.files?.map((file) => html`<div class="file"><${Icon} name="clip" /> ${file.name}</div>`)}</div>
    <div>
      ${turn.steps?.length > 0 && html`<details class="sources"><summary>${turn.steps.length} steps</summary>
        <ol>${turn.steps.map((step) => html`<li>${step.title} ${step.status === "running" ? "…" : step.status}</li>`)}</ol></details>`}
      <${Answer} text=${turn.answer} busy=${turn.busy} />
      ${turn.error && html`<p class="bad" role="alert">${turn.error}</p>`}
      ${features.retriever_resource?.enabled && html`<${Sources} items=${turn.sources} />`}
      ${!turn.busy && turn.message_id && html`<div class="tools">
        <${Rating} rating=${turn.rating} onRate=${(rating) => onRate(turn, rating)} />
        ${features.text_to_speech?.enabled && html`<${Listen} client=${client} message=${turn.message_id} onFault=${onFault} />`}
        <button class="bare" onClick=${() => navigator.clipboard?.writeText(turn.answer)} title="Copy">Copy</button>
        <button class="bare" onClick=${() => onAgain(turn)} title="Answer again">Again</button>
      </div>`}
    </div>`;
}

function past(message) {
  return {
    query: message.query, answer: message.answer, message_id: message.id, rating: message.feedback?.rating,
    parent: message.parent_message_id, sources: message.retriever_resources || [], error: message.error,
    files: (message.message_files || []).filter((file) => file.belongs_to === "user").map((file) => ({ name: file.filename })),
  };
}

/** The newest branch: regenerated answers take the place of those before. */
function branch(messages) {
  const turns = messages.map(past);
  // Chatflows and calls by key have no branches: their parent is nobody.
  if (turns.every((turn) => turn.parent === NOBODY)) return turns;
  const last = new Map();
  for (const turn of turns) last.set(turn.parent ?? "", turn);
  return turns.filter((turn) => last.get(turn.parent ?? "") === turn);
}

function Chat({ site, features }) {
  const [talks, setTalks] = useState([]);
  const [current, setCurrent] = useState("");
  const [turns, setTurns] = useState([]);
  const [inputs, setInputs] = useState(() => initial(features.user_input_form));
  const [text, setText] = useState("");
  const [files, setFiles] = useState([]);
  const [next, setNext] = useState([]);
  const [notice, setNotice] = useState("");
  const [open, setOpen] = useState(false);
  const task = useRef("");
  const shown = useRef("");
  const bottom = useRef(null);
  const busy = turns.some((turn) => turn.busy);

  const list = async () => {
    const [pinned, others] = await Promise.all(["true", "false"].map((is) => client.json("GET", `/conversations?limit=100&pinned=${is}`)));
    setTalks([...pinned.data.map((talk) => ({ ...talk, pinned: true })), ...others.data]);
  };
  const load = async (id) => {
    shown.current = id;
    setCurrent(id); setOpen(false); setNext([]); setNotice(""); setTurns([]);
    const page = await client.json("GET", `/messages?limit=100&conversation_id=${id}`);
    if (shown.current === id) setTurns(branch(page.data));
  };
  const fresh = () => {
    shown.current = "";
    setCurrent(""); setTurns([]); setNext([]); setOpen(false); setNotice("");
  };
  const patch = (change) => setTurns((all) => all.map((turn, at) => (at === all.length - 1 ? { ...turn, ...change(turn) } : turn)));

  /** Show an answer while it is written; what is needed to join it again after a reload is kept. */
  const follow = async (events, isNew) => {
    let talk = shown.current, message = "";
    const spoken = new Pieces();
    for await (const event of events) {
      if (event.task_id) task.current = event.task_id;
      if (event.message_id) message = event.message_id;
      if (event.conversation_id && !talk) {
        talk = event.conversation_id;
        shown.current = talk;
        setCurrent(talk);
      }
      sessionStorage.setItem(RUNNING, JSON.stringify({ task: task.current, talk, after: 0 }));
      if (event.event === "message" || event.event === "agent_message") patch((turn) => ({ answer: turn.answer + event.answer, message_id: message }));
      if (event.event === "message_replace") patch(() => ({ answer: event.answer }));
      if (event.event === "message_end") patch(() => ({ busy: false, sources: event.metadata?.retriever_resources || [], message_id: message }));
      if (event.event === "node_started") patch((turn) => ({ steps: [...(turn.steps || []), { id: event.data.id, title: event.data.title, status: "running" }] }));
      if (event.event === "node_finished") patch((turn) => ({ steps: (turn.steps || []).map((step) => (step.id === event.data.id ? { ...step, status: event.data.status } : step)) }));
      if (event.event === "tts_message") spoken.add(event.audio);
      if (event.event === "tts_message_end") spoken.play();
      if (event.event === "error") patch(() => ({ busy: false, error: event.message }));
    }
    sessionStorage.removeItem(RUNNING);
    patch(() => ({ busy: false }));
    if (isNew && talk) {
      await client.json("POST", `/conversations/${talk}/name`, { auto_generate: true }).catch(() => null);
    }
    await list();
    if (features.suggested_questions_after_answer?.enabled && message) {
      const asked = await client.json("GET", `/messages/${message}/suggested-questions`).catch(() => ({ data: [] }));
      if (shown.current === talk) setNext(asked.data);
    }
  };

  const send = async (query, parent) => {
    const lacks = current ? "" : missing(features.user_input_form, inputs);
    if (lacks) return setNotice(`${lacks} is needed.`);
    setNotice(""); setNext([]); setText(""); setFiles([]);
    const kept = parent === undefined ? turns : turns.slice(0, turns.findIndex((turn) => turn.parent === parent));
    const follows = parent === undefined ? turns[turns.length - 1]?.message_id : parent;
    setTurns([...kept, { query, files, answer: "", busy: true, parent: follows ?? null }]);
    const body = {
      inputs: filled(inputs), query, conversation_id: current || null, parent_message_id: follows ?? null,
      files: files.map(({ type, id }) => ({ type, transfer_method: "local_file", upload_file_id: id })),
    };
    try {
      await follow(client.ask("/chat-messages", body), !current);
    } catch (error) {
      patch(() => ({ busy: false, error: error.message }));
    }
  };
  const stop = () => client.json("POST", `/chat-messages/${task.current}/stop`, {}).catch((error) => setNotice(error.message));
  const attach = async (event) => {
    const chosen = [...event.target.files];
    event.target.value = "";
    for (const file of chosen) {
      const form = new FormData();
      form.append("file", file);
      try {
        const kept = await client.json("POST", "/files/upload", form);
        const type = ["image", "audio", "video"].find((name) => (kept.mime_type || "").startsWith(`${name}/`)) || "document";
        setFiles((all) => [...all, { id: kept.id, name: kept.name, type }]);
      } catch (error) {
        setNotice(`${file.name}: ${error.message}`);
      }
    }
  };
  const rate = async (turn, rating) => {
    const chosen = turn.rating === rating ? null : rating;
    await client.json("POST", `/messages/${turn.message_id}/feedbacks`, { rating: chosen });
    setTurns((all) => all.map((other) => (other === turn ? { ...other, rating: chosen } : other)));
  };
  const remove = async (id) => {
    await client.json("DELETE", `/conversations/${id}`);
    if (id === current) fresh();
    await list();
  };
  const pin = async (talk) => {
    await client.json("PATCH", `/conversations/${talk.id}/${talk.pinned ? "unpin" : "pin"}`);
    await list();
  };

  useEffect(() => {
    const running = JSON.parse(sessionStorage.getItem(RUNNING) || "null");
    list().catch((error) => setNotice(error.message));
    if (!running?.talk) return;
    // The page was loaded again while an answer was being written: join it from its start.
    load(running.talk)
      .then(() => {
        task.current = running.task;
        patch(() => ({ answer: "", busy: true }));
        return follow(client.rejoin(`/chat-messages/${running.task}/events`, 0), false);
      })
      .catch(() => {
        sessionStorage.removeItem(RUNNING);
        patch(() => ({ busy: false }));
      });
  }, []);
  useEffect(() => bottom.current?.scrollIntoView({ block: "end" }), [turns, next]);

  const takesFiles = features.file_upload?.enabled || features.file_upload?.image?.enabled;
  const questions = turns.length ? next : features.suggested_questions || [];
  const form = features.user_input_form || [];
  return html`
    <${Side} site=${site} talks=${talks} current=${current} open=${open} onPick=${load} onNew=${fresh} onDelete=${remove} onPin=${pin} />
    <section class="talk">
      <header><button onClick=${() => setOpen(!open)} aria-expanded=${open} title="Conversations"><${Icon} name="menu" /></button><h1>${site.title}</h1><button onClick=${fresh}>New</button></header>
      <div class="scroll" onClick=${() => open && setOpen(false)}><div class="column" aria-live="polite">
        ${!turns.length && !current && html`<div class="start"><${Mark} site=${site} /><h2>${site.title}</h2></div>`}
        ${!turns.length && !current && form.length > 0 && html`<${Fields} form=${form} values=${inputs} onChange=${setInputs} />`}
        ${!turns.length && features.opening_statement && html`<${Answer} text=${features.opening_statement} />`}
        ${!turns.length && !features.opening_statement && site.description && html`<p class="note">${site.description}</p>`}
        ${turns.map((turn) => html`<${Turn} key=${turn.message_id || turn.query} turn=${turn} features=${features} onRate=${rate} onFault=${setNotice} onAgain=${(each) => send(each.query, each.parent ?? null)} />`)}
        ${!busy && questions.length > 0 && html`<div class="chips">${questions.map((question) => html`<button onClick=${() => send(question)}>${question}</button>`)}</div>`}
        <div ref=${bottom}></div>
      </div></div>
      <div class="ask"><form onSubmit=${(event) => { event.preventDefault(); if (text.trim() && !busy) send(text.trim()); }}>
        ${notice && html`<div class="files bad" role="alert">${notice}</div>`}
        ${files.length > 0 && html`<div class="files">${files.map((file) => html`<span class="file"><${Icon} name="clip" /> ${file.name}<button type="button" class="bare" title=${`Leave out ${file.name}`} onClick=${() => setFiles((all) => all.filter((other) => other !== file))}><${Icon} name="close" /></button></span>`)}</div>`}
        ${takesFiles && html`<label class="attach" title="Attach files"><input type="file" multiple aria-label="Attach files" onChange=${attach} /><${Icon} name="clip" /></label>`}
        ${features.speech_to_text?.enabled && html`<${Microphone} client=${client} onText=${(said) => setText((before) => (before ? `${before} ${said}` : said))} onFault=${setNotice} />`}
        <textarea rows="1" value=${text} placeholder=${site.input_placeholder || "Ask something"} aria-label="Message"
          onInput=${(event) => setText(event.target.value)}
          onKeyDown=${(event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); event.target.form.requestSubmit(); } }}></textarea>
        ${busy ? html`<button type="button" onClick=${stop}>Stop</button>` : html`<button class="main" disabled=${!text.trim()}>Send</button>`}
      </form></div>
    </section>`;
}

function Page() {
  const [state, setState] = useState(null);
  const [error, setError] = useState("");
  useEffect(() => {
    client.enter()
      .then(() => Promise.all([client.json("GET", "/site"), client.json("GET", "/parameters")]))
      .then(([site, features]) => {
        document.title = site.site.title;
        document.documentElement.lang = site.site.default_language;
        setState({ site: site.site, features });
      })
      .catch((fault) => setError(fault.message));
  }, []);
  if (error) return html`<p class="note bad" role="alert">${error}</p>`;
  if (!state) return html`<p class="loading">Loading</p>`;
  return kind === "chat" ? html`<${Chat} ...${state} />` : html`<${Form} ...${state} client=${client} kind=${kind} />`;
}

const root = document.getElementById("page");
root.textContent = "";
render(html`<${Page} />`, root);
