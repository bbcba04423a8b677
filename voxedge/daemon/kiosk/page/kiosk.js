// The kiosk: sound to the daemon's event stream, events to what is shown. Touch says the same sentences as the
// voice does, so both take the same road. Nothing is kept: a new customer gets a new stream and an empty page.

const menu = await (await fetch("/kiosk/menu.json")).json();
const $ = (id) => document.getElementById(id);
const codes = Object.keys(menu.languages);
let language = codes[0];
let words = menu.languages[language];
let socket = null;
let audio = null; // {context, stream}
let speaking = false;
let wanted = false; // whether the customer wants to be heard
let retry_ms = 500;
let lines = []; // {turn, intent, slots}
let pending = null; // {slots, asked}
let picked = {};
let idleTimer = 0;
let waiting = []; // touched before the stream was there

// The event stream.

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/v1/events`);
  mine.binaryType = "arraybuffer";
  socket = mine;
  mine.onopen = () => {
    retry_ms = 500;
    trouble("");
    mine.send(JSON.stringify({ type: "start", rate: 16000, format: "s16le", language, replies: menu.replies === true }));
    waiting.splice(0).forEach((message) => mine.send(message));
  };
  mine.onmessage = (message) => mine === socket && follow(JSON.parse(message.data));
  mine.onclose = () => {
    if (mine !== socket) return;
    trouble(words.lost);
    state("idle");
    setTimeout(() => mine === socket && connect(), retry_ms);
    retry_ms = Math.min(retry_ms * 2, 10000);
  };
}

function send(text) {
  awake();
  const message = JSON.stringify({ type: "ask", text });
  if (socket?.readyState === WebSocket.OPEN) socket.send(message);
  else waiting = [...waiting.slice(-3), message];
}

function follow(event) {
  switch (event.type) {
    case "SpeechStarted": awake(); state("listening"); caption("", true); break;
    case "Partial": caption(event.text, true); break;
    case "SpeechEnded": state("thinking"); break;
    case "Transcript": if (event.text) caption(event.text, false); break;
    case "DialogueState": asked(event); break;
    case "IntentMatched": matched(event); break;
    case "NoIntent": if (event.reason !== "empty") say(words.pardon); break;
    case "Reply": say(event.text); break;
    case "TurnEnded": if (!speaking) state(wanted ? "ready" : "idle"); break;
    case "Degraded": trouble(`${event.reason} ${event.remedy}`); break;
    case "Recovered": trouble(""); break;
    case "Error": trouble(event.error?.message ?? ""); break;
  }
}

function matched(event) {
  if (event.intent === menu.intent) {
    if (event.relation === "correction" && event.earlier) lines = lines.filter((l) => l.turn !== event.earlier.turn);
    lines.push({ turn: event.turn, slots: event.slots });
    picked = {};
  } else if (event.relation === "undo" || event.intent === "undo") {
    lines = event.earlier ? lines.filter((l) => l.turn !== event.earlier.turn) : lines.slice(0, -1);
  } else if ((menu.wipe_on ?? []).includes(event.intent)) {
    setTimeout(wipe, 4000);
  }
  pending = null;
  draw();
}

function asked(event) {
  const open = event.state === "asking" || event.state === "confirming";
  pending = open && event.intent === menu.intent ? { slots: event.slots, asked: event.asked } : null;
  draw();
}

// What is said.

async function say(text) {
  $("said").textContent = text;
  if (!text || menu.speak === false || words.speak === false) return;
  speaking = true;
  state("speaking");
  try {
    const answer = await fetch("/v1/audio/speech", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "tts-1", input: text, voice: words.voice ?? "alloy", response_format: "wav" }),
    });
    if (answer.ok) await play(await answer.blob());
  } catch { /* the caption has it */ }
  speaking = false;
  state(wanted ? "ready" : "idle");
  awake();
}

function play(blob) {
  const url = URL.createObjectURL(blob);
  return new Promise((done) => {
    const sound = new Audio(url);
    sound.onended = sound.onerror = done;
    sound.play().catch(done);
  }).finally(() => URL.revokeObjectURL(url));
}

// The microphone.

async function listen() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: false },
    });
    const context = new AudioContext({ sampleRate: 16000 });
    await context.audioWorklet.addModule("/kiosk/capture.js");
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 });
    // While the kiosk speaks it doesn't hear: it would answer itself.
    node.port.onmessage = (m) => !speaking && socket?.readyState === WebSocket.OPEN && socket.send(m.data);
    context.createMediaStreamSource(stream).connect(node);
    audio = { context, stream };
    wanted = true;
    state("ready");
  } catch {
    wanted = false;
    trouble(words.no_microphone);
  }
  $("talk").setAttribute("aria-pressed", String(wanted));
}

function deafen() {
  audio?.stream.getTracks().forEach((track) => track.stop());
  audio?.context.close();
  audio = null;
  wanted = false;
  $("talk").setAttribute("aria-pressed", "false");
  state("idle");
}

// Customers come and go.

function awake() {
  clearTimeout(idleTimer);
  idleTimer = setTimeout(wipe, (menu.forget_after_s ?? 45) * 1000);
}

function wipe() {
  lines = [];
  pending = null;
  picked = {};
  waiting = [];
  for (const id of ["heard", "said"]) $(id).textContent = "";
  const old = socket;
  socket = null;
  old?.close();
  connect();
  draw();
  awake();
}

// What is shown.

function state(name) {
  document.body.dataset.state = name;
  $("state").textContent = words.states[name];
}

function caption(text, partial) {
  $("heard").textContent = text;
  $("heard").classList.toggle("partial", partial);
}

function trouble(text) { $("trouble").textContent = text; }

// "large latte with skim milk and sugar": the parts that are known, in the language's order.
function spoken(slots) {
  const known = words.sentence.map((part) => slots[part.slice(1, -1)]).filter(Boolean).join(" ");
  const extras = words.extras.map((name) => slots[name]).filter(Boolean);
  return extras.length ? `${known} ${words.with} ${extras.join(` ${words.and} `)}` : known;
}

const texts = (slots) => Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, slot.text]));

function line(text, kind) {
  const item = document.createElement("li");
  item.textContent = text;
  if (kind) item.className = kind;
  return item;
}

function draw() {
  const items = lines.map((l) => line(spoken(texts(l.slots))));
  if (pending) items.push(line(spoken(texts(pending.slots)) + " \u2026", "pending"));
  $("items").replaceChildren(...items);
  $("items").lastChild?.scrollIntoView({ block: "nearest" });
  // The first group is what an order can't be without.
  $("add").disabled = !picked[words.groups[0].slot];
  $("empty").textContent = items.length ? "" : words.empty;
  for (const group of document.querySelectorAll("fieldset")) {
    group.classList.toggle("asked", pending?.asked.includes(group.dataset.slot) ?? false);
    for (const option of group.querySelectorAll("button"))
      option.setAttribute("aria-pressed", String(picked[group.dataset.slot] === option.textContent));
  }
}

function build() {
  document.documentElement.lang = language;
  document.title = words.title;
  $("title").textContent = words.title;
  $("order-title").textContent = words.order;
  $("menu-title").textContent = words.menu;
  for (const id of ["add", "undo", "reset"]) $(id).textContent = words[id];
  $("languages").replaceChildren(...codes.map((code) => {
    const button = document.createElement("button");
    button.type = "button";
    button.lang = code;
    button.textContent = menu.languages[code].name;
    button.setAttribute("aria-pressed", String(code === language));
    button.onclick = () => speak_language(code);
    return button;
  }));
  $("groups").replaceChildren(...words.groups.map((group) => {
    const set = document.createElement("fieldset");
    set.dataset.slot = group.slot;
    const legend = document.createElement("legend");
    legend.textContent = group.title;
    const options = document.createElement("div");
    options.className = "options";
    options.append(...group.options.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.onclick = () => pick(group.slot, text);
      return button;
    }));
    set.append(legend, options);
    return set;
  }));
  state(wanted ? "ready" : "idle");
  draw();
}

function pick(slot, text) {
  awake();
  if (pending?.asked.includes(slot)) return send(text);
  if (picked[slot] === text) delete picked[slot];
  else picked[slot] = text;
  draw();
}

function speak_language(code) {
  language = code;
  words = menu.languages[code];
  build();
  wipe();
}

$("talk").onclick = () => (wanted ? deafen() : listen());
$("add").onclick = () => { const text = spoken(picked); if (text) send(words.ask.replace("{order}", text)); };
$("undo").onclick = () => send(words.undo_said);
$("reset").onclick = wipe;
document.addEventListener("pointerdown", awake);
document.addEventListener("keydown", awake);
build();
connect();
awake();
if (menu.listen_at_once) listen();
