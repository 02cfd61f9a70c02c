// Speech on a page: a microphone whose words become text, and answers that are read aloud.

import { html, useEffect, useRef, useState } from "/pages/preact-htm.js";
import { Icon } from "/pages/icons.js";

const RATE = 16000;
let playing = null;

/** Play a sound in the place of the one before; `done` when it is over, however. */
function play(blob, done) {
  playing?.pause();
  const sound = new Audio(URL.createObjectURL(blob));
  playing = sound;
  sound.onended = sound.onpause = sound.onerror = () => {
    URL.revokeObjectURL(sound.src);
    done?.();
  };
  sound.play().catch(() => done?.());
}

/** The speech that comes with an answer: played when it is whole. */
export class Pieces {
  constructor() {
    this.parts = [];
  }

  add(base64) {
    this.parts.push(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
  }

  play() {
    if (this.parts.length) play(new Blob(this.parts, { type: "audio/mpeg" }));
  }
}

export function Listen({ client, message, onFault }) {
  const [state, setState] = useState("");
  const press = async () => {
    if (state === "on") return playing?.pause();
    setState("busy");
    try {
      const reply = await client.call("POST", "/text-to-audio", { message_id: message, streaming: true });
      const blob = await reply.blob();
      setState("on");
      play(blob, () => setState(""));
    } catch (error) {
      setState("");
      onFault(error.message);
    }
  };
  const title = state === "on" ? "Be quiet" : "Read aloud";
  return html`<button type="button" class=${state === "on" ? "bare on" : "bare"} disabled=${state === "busy"} onClick=${press} title=${title}><${Icon} name="sound" solid=${state === "on"} /></button>`;
}

/** A recording in whatever form the browser makes, as a WAV of 16,000 samples a second. */
async function wav(blob) {
  const context = new AudioContext({ sampleRate: RATE });
  const sound = await context.decodeAudioData(await blob.arrayBuffer());
  context.close();
  const samples = Int16Array.from(sound.getChannelData(0), (value) => Math.max(-1, Math.min(1, value)) * 32767);
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, index) => head.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF"); text(8, "WAVEfmt "); text(36, "data");
  head.setUint32(4, 36 + samples.byteLength, true); head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); head.setUint16(22, 1, true); head.setUint32(24, RATE, true);
  head.setUint32(28, RATE * 2, true); head.setUint16(32, 2, true); head.setUint16(34, 16, true);
  head.setUint32(40, samples.byteLength, true);
  return new Blob([head, samples], { type: "audio/wav" });
}

export function Microphone({ client, onText, onFault }) {
  const [state, setState] = useState("");
  const recorder = useRef(null);
  const close = () => recorder.current?.stream.getTracks().forEach((track) => track.stop());
  useEffect(() => close, []);
  // Browsers have it on pages of https and of this machine only.
  if (!navigator.mediaDevices || !window.MediaRecorder) return null;

  const heard = async (parts) => {
    setState("busy");
    try {
      const form = new FormData();
      form.append("file", await wav(new Blob(parts, { type: recorder.current.mimeType })), "speech.wav");
      const { text } = await client.json("POST", "/audio-to-text", form);
      if (text) onText(text);
      else onFault("Nothing was heard.");
    } catch (error) {
      onFault(error.message);
    }
    setState("");
  };
  const press = async () => {
    if (state === "on") return recorder.current.stop();
    onFault("");
    try {
      const parts = [];
      const made = new MediaRecorder(await navigator.mediaDevices.getUserMedia({ audio: true }));
      recorder.current = made;
      made.ondataavailable = (event) => parts.push(event.data);
      made.onstop = () => { close(); heard(parts); };
      made.start();
      setState("on");
    } catch (error) {
      onFault(`The microphone cannot be used: ${error.message}`);
    }
  };
  const title = state === "on" ? "Stop speaking" : "Speak";
  return html`<button type="button" class=${state === "on" ? "bare attach on" : "bare attach"} disabled=${state === "busy"} onClick=${press} title=${title} aria-pressed=${state === "on"}><${Icon} name="mic" solid=${state === "on"} /></button>`;
}
