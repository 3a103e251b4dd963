// The page of a study: consent, then one picture after another, then thanks. The server knows what was voted on, so a
// page that is loaded again goes on where it was. The address ends in /TOKEN/, below which everything lies.

const LETTERS = "ABCDEFGHI";
const MOST = 16; // of the zoom
const RETRY_MS = 2000;
const SMALLEST = 90; // px, of a panel, below which one has to scroll
const $ = (id) => document.getElementById(id);
const panels = $("panels");

let ballot; // what the server said, with `chosen` kept up to date
let page; // the picture that is shown, one of ballot.pages
let busy = false; // a vote is on its way

// --- the server

async function ask(path, method = "GET") {
  for (;;) {
    const answer = await fetch(path, { method }).catch(() => null);
    if (answer && answer.status < 500) {
      say("");
      return answer;
    }
    say("The server does not answer. Trying again …"); // a vote that is sent twice counts once
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function load() {
  const answer = await ask("ballot");
  if (!answer.ok) return say(await answer.text());
  ballot = await answer.json();
  keys(ballot.pages[0].outputs.length);
  if (ballot.consented) next();
  else {
    $("consent-text").replaceChildren(...ballot.consent.trim().split(/\n\s*\n/).map((text) => element("p", text)));
    show("consent");
  }
}

$("agree").addEventListener("click", async () => {
  await ask("consent", "PUT");
  next();
});

document.forms[0].addEventListener("submit", async (event) => {
  event.preventDefault();
  const output = selected();
  if (!output || busy) return;
  busy = true;
  update();
  const answer = await ask(`votes/${page.picture}/${output}`, "PUT");
  busy = false;
  if (answer.ok) {
    page.chosen = output;
    next();
  } else {
    const text = await answer.text();
    await load(); // it was voted on in another window
    say(text);
  }
});

// --- what is shown

function element(name, text = "", properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, properties);
}

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function show(id) {
  for (const part of document.querySelectorAll("main")) part.hidden = part.id !== id;
  document.querySelector(`#${id} h1`).focus(); // so that a screen reader reads on from there
}

function next() {
  const waiting = ballot.pages.filter((one) => !one.chosen);
  if (!waiting.length) return show("thanks");
  page = waiting[0];
  const all = ballot.pages.length;
  const done = all - waiting.length;
  $("question").textContent = ballot.question;
  $("count").textContent = `Picture ${done + 1} of ${all}`;
  Object.assign($("done"), { max: all, value: done });
  document.title = `Picture ${done + 1} of ${all}`;
  panels.replaceChildren(panel("div", "Before", page.picture), ...page.outputs.map((output, place) => {
    const label = panel("label", LETTERS[place], output);
    const radio = element("input", "", { type: "radio", name: "output", value: output });
    radio.setAttribute("aria-label", `Result ${LETTERS[place]}`);
    label.querySelector("span").prepend(radio);
    return label;
  }));
  panels.style.setProperty("--ratio", page.width / page.height);
  fingers.clear();
  zoomTo(1, 0, 0);
  show("vote");
  layout();
  update();
  for (const name of waiting[1] ? [waiting[1].picture, ...waiting[1].outputs] : []) picture(name); // ahead of time
}

function panel(kind, title, name) {
  const view = element("div", "", { className: "view" });
  view.append(picture(name, kind === "div" ? "The picture before" : `Result ${title}`));
  const box = element(kind, "", { className: "panel" });
  box.append(element("span", title), view);
  return box;
}

const pictures = new Map(); // those that are shown and those of the next page

function picture(name, alt = "") {
  if (!pictures.has(name)) {
    const image = element("img", "", { src: `pictures/${name}.png`, draggable: false });
    image.addEventListener("error", () => setTimeout(() => (image.src = `pictures/${name}.png`), RETRY_MS));
    pictures.set(name, image);
    if (pictures.size > 2 * (ballot.pages[0].outputs.length + 1)) pictures.delete(pictures.keys().next().value);
  }
  return Object.assign(pictures.get(name), { alt });
}

const radios = () => [...panels.querySelectorAll("input")];
const selected = () => radios().find((radio) => radio.checked)?.value;

function update() {
  const letter = LETTERS[page.outputs.indexOf(selected())];
  $("confirm").disabled = !letter || busy;
  $("confirm").textContent = busy ? "Storing …" : letter ? `Vote for ${letter}` : "Choose a result";
}

panels.addEventListener("change", update);

function layout() {
  // as many columns as make the panels largest
  const style = getComputedStyle(panels);
  const [rowGap, columnGap, side] = [style.rowGap, style.columnGap, style.paddingLeft].map(parseFloat);
  const around = { width: 12, height: 12 + 1.6 * parseFloat(getComputedStyle(document.documentElement).fontSize) };
  const count = panels.children.length;
  const height = innerHeight - document.querySelector("header").offsetHeight - document.querySelector("footer").offsetHeight;
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const across = (innerWidth - 2 * side - (columns - 1) * columnGap) / columns - around.width;
    const down = (height - 8 - (rows - 1) * rowGap) / rows - around.height;
    const width = Math.max(Math.min(across, (down * page.width) / page.height), Math.min(across, SMALLEST));
    if (width > best.width) best = { columns, width };
  }
  panels.style.setProperty("--columns", best.columns);
  panels.style.setProperty("--width", `${Math.floor(best.width + around.width)}px`);
}

addEventListener("resize", () => page && layout());

// --- zoom, the same in all panels: by `zoom`, with (x, y) of the picture, in 0..1, in the upper left corner

let zoom = 1, x = 0, y = 0;

function zoomTo(newZoom, newX, newY) {
  zoom = Math.min(Math.max(newZoom, 1), MOST);
  x = Math.min(Math.max(newX, 0), 1 - 1 / zoom);
  y = Math.min(Math.max(newY, 0), 1 - 1 / zoom);
  for (const [name, value] of Object.entries({ "--zoom": zoom, "--x": x, "--y": y })) panels.style.setProperty(name, value);
  const shown = panels.querySelector(".view")?.clientWidth ?? 0;
  panels.classList.toggle("zoomed", zoom > 1);
  panels.classList.toggle("sharp", shown * zoom * devicePixelRatio > 3 * page.width); // single pixels are looked at
}

function zoomBy(factor, u = 0.5, v = 0.5) { // (u, v) of the panel stays where it is
  const newZoom = Math.min(Math.max(zoom * factor, 1), MOST);
  zoomTo(newZoom, x + u / zoom - u / newZoom, y + v / zoom - v / newZoom);
}

const pan = (u, v) => zoomTo(zoom, x - u / zoom, y - v / zoom); // by parts of a panel

$("in").addEventListener("click", () => zoomBy(1.5));
$("out").addEventListener("click", () => zoomBy(1 / 1.5));
$("fit").addEventListener("click", () => zoomTo(1, 0, 0));

function within(event) {
  const view = event.target.closest(".view");
  if (!view) return null;
  const box = view.getBoundingClientRect();
  return { u: (event.clientX - box.left) / box.width, v: (event.clientY - box.top) / box.height, box };
}

panels.addEventListener("wheel", (event) => {
  const at = within(event);
  if (!at) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / (event.deltaMode ? 10 : 300)), at.u, at.v);
}, { passive: false });

const fingers = new Map(); // pointers that are down
let moved = false;

panels.addEventListener("pointerdown", (event) => {
  if (!within(event) || event.button) return;
  if (!fingers.size) moved = false;
  fingers.set(event.pointerId, { clientX: event.clientX, clientY: event.clientY, start: event });
});

addEventListener("pointermove", (event) => {
  if (!event.buttons) fingers.delete(event.pointerId); // it was let go outside of the window
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const { width, height, left, top } = last.start.target.closest(".view").getBoundingClientRect();
  if (Math.hypot(event.clientX - last.start.clientX, event.clientY - last.start.clientY) > 5) moved = true;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const [u, v] = [(event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top];
    if (apart(last)) zoomBy(apart(event) / apart(last), u / width, v / height);
  }
  const share = fingers.size; // each of two fingers moves the picture by half
  if (moved) pan((event.clientX - last.clientX) / width / share, (event.clientY - last.clientY) / height / share);
  Object.assign(last, { clientX: event.clientX, clientY: event.clientY });
});

for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => fingers.delete(event.pointerId));
panels.addEventListener("click", (event) => moved && within(event) && event.preventDefault()); // a drag is no choice

// --- keys

const KEYS = { "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => zoomTo(1, 0, 0) };
const SHIFTED = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };

addEventListener("keydown", (event) => {
  if ($("vote").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  const radio = radios()[Number(event.key) - 1];
  if (radio) {
    radio.focus();
    radio.click();
  } else if (event.shiftKey && SHIFTED[event.key]) pan(...SHIFTED[event.key]);
  else if (KEYS[event.key]) KEYS[event.key]();
  else if (event.key.startsWith("Arrow") && event.target.type !== "radio") {
    const place = event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0; // as within the group
    radios().at(place).focus();
    radios().at(place).click();
  } else if (event.key === "Enter" && event.target.tagName !== "BUTTON") {
    if (!event.repeat) document.forms[0].requestSubmit();
  } else return;
  event.preventDefault();
}, true);

function keys(count) {
  const uses = { [`1–${count}`]: "choose", Enter: "vote", "+ − 0": "or wheel: zoom", "Shift+arrows": "or drag: move" };
  $("keys").replaceChildren(...Object.entries(uses).map(([key, use]) => {
    const one = element("span");
    one.append(element("kbd", key), ` ${use}`);
    return one;
  }));
}

load();
