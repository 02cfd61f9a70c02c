// The Web API as the page needs it: one visitor of one app (a passport), JSON calls, and streams that can be joined again.

const VISITOR = "transom-visitor";

/** An answer of the server that is no success. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

function visitor() {
  let id = localStorage.getItem(VISITOR);
  if (!id) {
    id = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2) + Date.now();
    localStorage.setItem(VISITOR, id);
  }
  return id;
}

async function refusal(reply) {
  const body = await reply.json().catch(() => ({}));
  return new Refused(reply.status, body.code || "unknown", body.message || `The server answered ${reply.status}.`);
}

export class Client {
  constructor(code) {
    this.code = code;
    this.passport = "";
  }

  async enter() {
    const query = new URLSearchParams({ user_id: visitor() });
    const reply = await fetch(`/api/passport?${query}`, { headers: { "X-App-Code": this.code } });
    if (!reply.ok) throw await refusal(reply);
    this.passport = (await reply.json()).access_token;
  }

  async call(method, path, body, headers = {}) {
    const isForm = body instanceof FormData;
    const reply = await fetch(`/api${path}`, {
      method,
      headers: {
        "X-App-Code": this.code, "X-App-Passport": this.passport,
        ...(body && !isForm ? { "Content-Type": "application/json" } : {}), ...headers,
      },
      body: isForm ? body : body ? JSON.stringify(body) : undefined,
    });
    if (!reply.ok) throw await refusal(reply);
    return reply;
  }

  async json(method, path, body) {
    const reply = await this.call(method, path, body);
    return reply.status === 204 ? null : reply.json();
  }

  /** Events of a new answer; `Last-Event-ID: 0` asks for numbers, by which it can be joined again. */
  ask(path, body) {
    return this.events("POST", path, { ...body, response_mode: "streaming" }, "0");
  }

  /** Events of an answer that is being written, after number `after`. */
  rejoin(path, after) {
    return this.events("GET", path, undefined, String(after));
  }

  async *events(method, path, body, after) {
    const reply = await this.call(method, path, body, { "Last-Event-ID": after });
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const frames = (rest + value).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        const lines = frame.split("\n");
        const data = lines.find((line) => line.startsWith("data: "));
        const id = lines.find((line) => line.startsWith("id: "));
        if (data) yield { ...JSON.parse(data.slice(6)), number: id ? Number(id.slice(4)) : 0 };
      }
    }
  }
}
