// The page of a completion app or a workflow: a form, a run, its result.

import { html, useRef, useState } from "/pages/preact-htm.js";
import { Fields, filled, initial, missing } from "/pages/fields.js";
import { Answer, Rating, Sources } from "/pages/answer.js";

function Outputs({ values }) {
  const names = Object.keys(values || {});
  if (names.length === 1 && typeof values[names[0]] === "string") return html`<${Answer} text=${values[names[0]]} />`;
  return html`<dl>${names.map((name) => html`<dt><b>${name}</b></dt><dd><${Answer} text=${typeof values[name] === "string" ? values[name] : `\`\`\`json\n${JSON.stringify(values[name], null, 2)}\n\`\`\``} /></dd>`)}</dl>`;
}

export function Form({ site, features, client, kind }) {
  const [inputs, setInputs] = useState(() => initial(features.user_input_form));
  const [result, setResult] = useState(null);
  const task = useRef("");
  const runs = kind === "workflow" ? "/workflows/run" : "/completion-messages";
  const stops = kind === "workflow" ? "/workflows/tasks" : "/completion-messages";

  const run = async (event) => {
    event.preventDefault();
    const lacks = missing(features.user_input_form, inputs);
    if (lacks) return setResult({ error: `${lacks} is needed.` });
    let now = { text: "", steps: [], busy: true };
    const show = (change) => setResult((now = { ...now, ...change }));
    show({});
    try {
      for await (const told of client.ask(runs, { inputs: filled(inputs) })) {
        if (told.task_id) task.current = told.task_id;
        if (told.message_id) show({ message: told.message_id });
        if (told.event === "message_end") show({ sources: told.metadata?.retriever_resources });
        if (told.event === "message") show({ text: now.text + told.answer });
        if (told.event === "text_chunk") show({ text: now.text + told.data.text });
        if (told.event === "message_replace") show({ text: told.answer });
        if (told.event === "node_started") show({ steps: [...now.steps, { id: told.data.id, title: told.data.title, status: "running" }] });
        if (told.event === "node_finished") show({ steps: now.steps.map((step) => (step.id === told.data.id ? { ...step, status: told.data.status } : step)) });
        if (told.event === "workflow_finished") show({ outputs: told.data.outputs, error: told.data.error });
        if (told.event === "error") show({ error: told.message });
      }
    } catch (error) {
      show({ error: error.message });
    }
    show({ busy: false });
  };
  const stop = () => client.json("POST", `${stops}/${task.current}/stop`, {});
  const rate = async (rating) => {
    const chosen = result.rating === rating ? null : rating;
    await client.json("POST", `/messages/${result.message}/feedbacks`, { rating: chosen });
    setResult((now) => ({ ...now, rating: chosen }));
  };
  const form = features.user_input_form || [];
  const done = result && !result.busy && kind === "workflow" && result.outputs;
  return html`<section class="talk"><div class="scroll"><div class="column">
    <h1>${site.title}</h1>
    ${site.description && html`<p class="note">${site.description}</p>`}
    <form class="column" onSubmit=${run}>
      ${form.length > 0 && html`<${Fields} form=${form} values=${inputs} onChange=${setInputs} />`}
      <div class="chips"><button class="main" disabled=${result?.busy}>Run</button>
      ${result?.busy && html`<button type="button" onClick=${stop}>Stop</button>`}</div>
    </form>
    <div class="result" aria-live="polite">
      ${result?.steps?.length > 0 && site.show_workflow_steps && html`<details class="sources" open=${result.busy}><summary>${result.steps.length} steps</summary>
        <ol>${result.steps.map((step) => html`<li>${step.title} ${step.status === "running" ? "…" : step.status}</li>`)}</ol></details>`}
      ${done ? html`<${Outputs} values=${result.outputs} />` : result && html`<${Answer} text=${result.text} busy=${result.busy} />`}
      ${features.retriever_resource?.enabled && html`<${Sources} items=${result?.sources} />`}
      ${result?.message && !result.busy && html`<div class="tools"><${Rating} rating=${result.rating} onRate=${rate} />
        <button type="button" class="bare" onClick=${() => navigator.clipboard?.writeText(result.text)}>Copy</button></div>`}
      ${result?.error && html`<p class="bad" role="alert">${result.error}</p>`}
    </div>
  </div></div></section>`;
}
