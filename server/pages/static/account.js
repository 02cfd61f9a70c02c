// Invitations are used here, and people who administer log in; the session is cookies of this address.

const query = new URLSearchParams(location.search);
const token = query.get("token") || "";
const about = document.getElementById("about");
const form = document.getElementById("form");
const error = document.getElementById("error");

/** The password as login takes it: base64 of its UTF-8. */
function encoded(text) {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

async function call(method, path, body) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const csrf = document.cookie.match(/(?:^|; )(?:__Host-)?csrf_token=([^;]*)/);
  if (csrf) headers["X-CSRF-Token"] = csrf[1];
  const reply = await fetch(`/console/api${path}`, { method, headers, body: body ? JSON.stringify(body) : undefined });
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(answer.message || `The server answered ${reply.status}.`);
  return answer;
}

function tell(text) {
  about.className = "";
  about.textContent = text;
}

function show(isNew, email, submit) {
  for (const part of form.querySelectorAll("[data-new]")) {
    part.hidden = !isNew;
    for (const field of part.querySelectorAll("input")) field.disabled = !isNew;
  }
  form.email.value = email;
  form.email.readOnly = email !== "";
  form.password.autocomplete = isNew ? "new-password" : "current-password";
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await submit();
      await welcome();
    } catch (failure) {
      error.textContent = failure.message;
      error.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

async function welcome() {
  const workspace = await call("POST", "/workspaces/current", {});
  form.hidden = true;
  history.replaceState(null, "", "/signin");
  tell(`You are signed in to ${workspace.name} as ${workspace.role.replace("_", " ")}.`);
}

async function logIn() {
  const body = { email: form.email.value, password: encoded(form.password.value) };
  const answer = await call("POST", "/login", token ? { ...body, invite_token: token } : body);
  if (answer.result !== "success") throw new Error(answer.data);
}

async function activate() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  await call("POST", "/activate", {
    token, email: form.email.value, name: form.name.value, password: form.password.value,
    interface_language: navigator.language || "en-US", timezone: zone,
  });
}

async function begin() {
  if (!token) {
    tell("Sign in");
    show(false, "", logIn);
    return;
  }
  const found = await call("GET", `/activate/check?${query}`);
  if (!found.is_valid) {
    tell("This invitation was used before, or is too old. Ask for another.");
    return;
  }
  const { workspace_name: name, email, has_password: known } = found.data;
  tell(known ? `Sign in to join ${name}` : `Join ${name}`);
  show(!known, email, known ? logIn : activate);
}

begin().catch((failure) => tell(failure.message));
