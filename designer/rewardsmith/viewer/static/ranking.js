// Plays one or two rollouts in step, moves the cursors of their curves, and answers by keys.
// Without it the films are still and the buttons work.
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const pair = () => find("#pair");
  const figures = () => [...document.querySelectorAll("#pair [data-side]")];
  const steps = () => Number(pair()?.dataset.steps ?? 0);

  let now = 0;          // the step that both are at
  let playing = true;
  let last = 0;         // when it was drawn last, in ms
  let held = null;      // the pair that is shown: another one starts again

  const films = () => figures().map((figure) => ({
    video: figure.querySelector("video"),
    length: Number(figure.dataset.length),
  })).filter((one) => one.video);

  // Steps a second: as the longest film goes by itself.
  const speed = () => {
    const known = films().filter((one) => one.video.duration > 0);
    const longest = known.sort((a, b) => b.length - a.length)[0];
    return longest ? longest.length / longest.video.duration : steps() / 8;
  };

  const place = (exactly) => {
    for (const { video, length } of films()) {
      if (!(video.duration > 0)) continue;
      const at = Math.min(now / length, 1) * video.duration;
      const rate = Math.min(Math.max(speed() / (length / video.duration), 0.1), 8);
      const over = now >= length;
      if (exactly || !playing || over || Math.abs(video.currentTime - at) > 0.12) video.currentTime = Math.min(at, video.duration - 0.001);
      if (video.playbackRate !== rate) video.playbackRate = rate;
      if (playing && !over && video.paused) video.play().catch(() => {});
      if ((!playing || over) && !video.paused) video.pause();
    }
    for (const cursor of document.querySelectorAll("#pair .spark .cursor")) {
      const x = (now / Math.max(steps(), 1)) * cursor.ownerSVGElement.viewBox.baseVal.width;
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    }
    const scrub = find("#scrub");
    if (scrub && document.activeElement !== scrub) scrub.value = String(Math.round(now));
    const said = find("#pair-step");
    if (said) said.textContent = `step ${Math.round(now)} of ${steps()}`;
    const button = find("#play");
    if (button) button.textContent = playing ? "pause" : "play";
  };

  const frame = (time) => {
    if (pair() !== held) { held = pair(); now = 0; last = time; }
    if (held) {
      if (playing) {
        now += (Math.min(time - last, 250) / 1000) * speed();
        if (now > steps() + speed() * 0.8) now = 0;  // rest a moment at the end, then again
        place(false);
      }
      last = time;
    }
    requestAnimationFrame(frame);
  };

  const toggle = () => { playing = !playing; place(true); };
  const answer = (choice) => find(`#choices button[value="${choice}"]`)?.click();
  const keys = {
    ArrowLeft: () => answer("left"), ArrowRight: () => answer("right"), ArrowDown: () => answer("tie"),
    1: () => answer("left"), 2: () => answer("right"), 0: () => answer("tie"),
    g: () => answer("good"), b: () => answer("bad"),
    s: () => answer("skip"), z: () => answer("undo"), Backspace: () => answer("undo"), " ": toggle,
  };

  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest?.("button, a, summary")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  document.addEventListener("click", (event) => { if (event.target.closest("#play")) toggle(); });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "scrub") return;
    playing = false;
    now = Number(event.target.value);
    place(true);
  });
  // A second answer before the next pair is there would be about the wrong one.
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "choices") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  requestAnimationFrame(frame);
})();
