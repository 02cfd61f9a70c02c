// The input form of an app: one field a variable.

import { html } from "/pages/preact-htm.js";

/** [type, description] of an item of `user_input_form`. */
function item(entry) {
  const [[type, field]] = Object.entries(entry);
  return [type, field];
}

/** What the fields hold at first. */
export function initial(form) {
  return Object.fromEntries((form || []).map(item).map(([type, field]) => [field.variable, field.default ?? (type === "checkbox" ? false : "")]));
}

/** The label of the first field that is needed and empty, or "". */
export function missing(form, values) {
  const lacks = (form || []).map(item).find(([type, field]) => field.required && type !== "checkbox" && (values[field.variable] ?? "") === "");
  return lacks ? lacks[1].label : "";
}

/** What is sent of the fields: those that were left empty are not. */
export function filled(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

function Field({ type, field, value, onChange }) {
  const set = (event) => onChange(event.target.value);
  if (type === "paragraph") return html`<textarea rows="4" maxlength=${field.max_length} onInput=${set}>${value}</textarea>`;
  if (type === "select") return html`<select onChange=${set} value=${value}><option value=""></option>${(field.options || []).map((option) => html`<option>${option}</option>`)}</select>`;
  if (type === "checkbox") return html`<input type="checkbox" checked=${value} onChange=${(event) => onChange(event.target.checked)} />`;
  if (type === "number") return html`<input type="number" step="any" value=${value} onInput=${(event) => onChange(event.target.value === "" ? "" : Number(event.target.value))} />`;
  return html`<input type="text" maxlength=${field.max_length} value=${value} onInput=${set} />`;
}

export function Fields({ form, values, onChange }) {
  return html`<div class="fields">${form.map(item).filter(([, field]) => !field.hide).map(([type, field]) => html`<label key=${field.variable}>
    <span>${field.label}${field.required ? "" : " (optional)"}</span>
    <${Field} type=${type} field=${field} value=${values[field.variable]} onChange=${(value) => onChange({ ...values, [field.variable]: value })} />
  </label>`)}</div>`;
}
