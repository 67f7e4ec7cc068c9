// Keyboard, filter, linked highlights, and the film in step with its components.
// Everything works without it: links and forms stay links and forms.
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => !row.hidden);

  // ------------------------------------------------------------ rows and keys
  let shown = "";  // the href of the chosen row: it survives a reload of the table

  const hrefOf = (row) => row.querySelector("a")?.getAttribute("href") ?? "";

  const choose = (step) => {
    const all = rows();
    if (!all.length) return;
    const now = all.findIndex((row) => hrefOf(row) === shown);
    const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(now + step, 0), all.length - 1);
    shown = hrefOf(all[next]);
    markShown();
    all[next].scrollIntoView({ block: "nearest" });
    focusSeries(all[next].dataset.name);
  };

  const markShown = () => {
    for (const row of document.querySelectorAll("[data-row]")) {
      if (hrefOf(row) === shown) row.setAttribute("data-shown", "");
      else row.removeAttribute("data-shown");
    }
  };

  const follow = (selector) => find(selector)?.click();

  const keys = {
    j: () => choose(1),
    k: () => choose(-1),
    Enter: () => { if (shown) location.href = shown; },
    "/": () => find("[data-filter]")?.focus(),
    "]": () => follow("a[rel=next]"),
    "[": () => follow("a[rel=prev]"),
    u: () => (find("[data-up]") ?? find("#up-0"))?.click(),
    r: () => find("#remark-text")?.focus(),
    "?": () => find("#help").showModal(),
    d: () => follow("#code [data-form=diff]"),
    e: () => nextEvidence(),
    n: () => nextEpisode(1),
    p: () => nextEpisode(-1),
    f: () => find("#film-button")?.click(),
    i: () => markSpan("first"),
    o: () => markSpan("last"),
    ArrowLeft: () => moveTo(stepNow() - 1),
    ArrowRight: () => moveTo(stepNow() + 1),
    " ": () => { const film = find("#rollout video"); if (film) film.paused ? film.play() : film.pause(); },
  };

  let before = "";
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    const typing = at.closest?.("input, textarea, select, dialog");
    if (event.key === "Escape" && typing && at.blur) at.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (before === "g" && event.key === "b") { before = ""; follow("#best-link"); return; }
    before = event.key;
    if ((event.key === "Enter" || event.key === " ") && at.closest?.("a, button, summary, video")) return;
    if (event.key === " " && !find("#rollout video")) return;
    if (event.key.startsWith("Arrow") && (!find("#rollout svg[data-steps]") || at.closest?.("video, .code, .said"))) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#help-button")) find("#help").showModal();
  });

  // ------------------------------------------------------------------- filter
  const applyFilter = () => {
    const input = find("[data-filter]");
    if (!input) return;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll(`${input.dataset.filter} [data-row]`)) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };
  document.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) applyFilter(); });

  // --------------------------------------------------------- linked highlights
  const focusSeries = (name) => {
    for (const area of document.querySelectorAll("[data-linked]")) {
      let any = false;
      for (const one of area.querySelectorAll(".series")) {
        const is = Boolean(name) && one.dataset.name === name;
        one.classList.toggle("focus", is);
        any = any || is;
      }
      area.classList.toggle("has-focus", any);
    }
  };
  document.addEventListener("pointerover", (event) => {
    const named = event.target.closest?.("[data-linked] [data-name]");
    if (event.target.closest?.("[data-linked]")) focusSeries(named?.dataset.name ?? "");
  });
  document.addEventListener("pointerout", (event) => {
    if (!event.relatedTarget?.closest?.("[data-linked]")) focusSeries("");
  });

  // ------------------------------------------------------------------ rollout
  const place = () => find("#rollout");
  const length = () => Number(place()?.dataset.length ?? 0);
  const stepNow = () => Number(place()?.dataset.step ?? 0);
  // A film shows the start and then every stride-th step, each picture for as long as any other.
  const stride = () => Number(place()?.dataset.stride ?? 1);
  const fps = (film) => (1 + Math.floor(length() / stride())) / film.duration;

  const drawCursor = (step) => {
    const chart = find("#rollout svg[data-steps]");
    place().dataset.step = String(step);
    const out = find("#step-now");
    if (out) out.textContent = `step ${Math.round(step)}`;
    for (const cell of document.querySelectorAll("#rollout [data-paid]")) {
      const values = cell.dataset.paid.split(" ");
      const value = values[Math.min(Math.floor(step), length() - 1)];
      if (value !== undefined) cell.textContent = value;
    }
    if (!chart) return;
    const { first, last, left, right } = chart.dataset;
    const share = (step - first) / (last - first);
    const x = Number(left) + share * (right - left);
    const cursor = chart.querySelector(".cursor");
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
  };

  const moveTo = (step) => {
    if (!place() || !length()) return;
    const at = Math.min(Math.max(Math.round(step), 0), length());
    drawCursor(at);
    const film = find("#rollout video");
    // To the middle of a picture: at its edge a browser may show the one before.
    if (film && film.duration) film.currentTime = Math.min((Math.floor(at / stride()) + 0.5) / fps(film), film.duration - 0.001);
  };

  // The part of the film that a remark will be about: shaded under the curves of its episode.
  const spanInput = (name) => find(`#on-span [name=${name}]`);
  const spanNow = () => ["episode", "first_step", "last_step"].map((name) => Number(spanInput(name).value));

  const setSpan = (numbers) => {
    if (!spanInput("episode")) return;
    ["episode", "first_step", "last_step"].forEach((name, i) => { spanInput(name).value = numbers[i]; });
    isMarked = true;
    drawSpan();
  };

  const markSpan = (end) => {
    if (!place() || !spanInput("episode")) return;
    const at = Math.min(Math.round(stepNow()), length() - 1), shown = Number(place().dataset.episode);
    let [episode, first, last] = spanNow();
    if (episode !== shown) [first, last] = [0, length() - 1];
    if (end === "first") [first, last] = [at, Math.max(at, last)];
    else [first, last] = [Math.min(first, at), at];
    setSpan([shown, first, last]);
  };

  let isMarked = new URLSearchParams(location.search).has("last");
  const drawSpan = () => {
    const chart = find("#rollout svg[data-steps]");
    if (!chart || !isMarked || !spanInput("episode")) return;
    const [episode, from, to] = spanNow();
    const { first, last, left, right } = chart.dataset;
    const x = (step) => Number(left) + ((step - first) / (last - first)) * (right - left);
    const width = episode === Number(place().dataset.episode) ? Math.min(x(to + 1), Number(right)) - x(from) : 0;
    chart.querySelector(".chosen-span").setAttribute("x", x(from));
    chart.querySelector(".chosen-span").setAttribute("width", Math.max(0, width));
  };
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#on-span p")) { isMarked = true; drawSpan(); }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-span]");
    if (link) setSpan(link.dataset.span.split(" "));
  });

  const nextEpisode = (step) => {
    const links = [...document.querySelectorAll("[data-episode-link]")];
    const now = links.findIndex((link) => link.hasAttribute("aria-current"));
    links[now + step]?.click();
  };

  let evidence = -1;
  const nextEvidence = () => {
    const all = [...document.querySelectorAll("a.evidence")];
    if (!all.length) return;
    evidence = (evidence + 1) % all.length;
    all[evidence].click();
  };

  const stepAt = (chart, event) => {
    const { first, last, left, right } = chart.dataset;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    return Number(first) + ((point.x - left) / (right - left)) * (last - first);
  };

  document.addEventListener("pointerdown", (event) => {
    const chart = event.target.closest?.("#rollout svg[data-steps]");
    if (!chart) return;
    moveTo(stepAt(chart, event));
    chart.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => {
    const chart = event.target.closest?.("#rollout svg[data-steps]");
    if (chart && event.buttons === 1) moveTo(stepAt(chart, event));
  });

  // A film's events do not bubble, but they are captured.
  const playing = (film) => {
    if (!film.isConnected) return;
    if (film.duration && !film.seeking) drawCursor(Math.min(Math.floor(film.currentTime * fps(film) + 1e-6) * stride(), length()));
    if (!film.paused) requestAnimationFrame(() => playing(film));
  };
  document.addEventListener("play", (event) => { if (event.target.closest?.("#rollout")) playing(event.target); }, true);
  document.addEventListener("loadedmetadata", (event) => {
    if (event.target.closest?.("#rollout") && stepNow() > 0) moveTo(stepNow());
  }, true);

  // ------------------------------------------------- after a part was replaced
  const refresh = () => { applyFilter(); markShown(); drawSpan(); };
  document.addEventListener("htmx:after:swap", refresh);
  document.addEventListener("DOMContentLoaded", refresh);
})();
