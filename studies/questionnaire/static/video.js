// A page with a video: the button below opens when the whole video was played, at its own speed and without a jump.
// The server checks the time as well.
"use strict";
const GAPS_S = 0.1; // what may be missing in all: browsers do not count the first and last frame alike
const video = document.querySelector("video");
const play = document.getElementById("play");
const hint = document.getElementById("hint");
const next = document.getElementById("next");

const played = () => {
  let seconds = 0;
  for (let part = 0; part < video.played.length; part++) seconds += video.played.end(part) - video.played.start(part);
  return seconds;
};

play.addEventListener("click", () => {
  if (!video.paused && !video.ended) {
    video.pause();
    return;
  }
  if (video.error) video.load();
  video.loop = false;
  video.playbackRate = 1;
  video.play().catch(() => {
    if (video.error) hint.textContent = hint.dataset.error;
  });
});
video.addEventListener("contextmenu", (event) => { event.preventDefault(); }); // it offers loop and a slider
video.addEventListener("play", () => { play.textContent = play.dataset.pause; });
video.addEventListener("pause", () => { play.textContent = video.ended ? play.dataset.again : play.dataset.play; });
video.addEventListener("ratechange", () => { if (video.playbackRate !== 1) video.playbackRate = 1; });
video.addEventListener("error", () => { hint.textContent = hint.dataset.error; });
video.addEventListener("ended", () => {
  play.textContent = play.dataset.again;
  if (video.duration - played() <= GAPS_S && next.disabled) {
    next.disabled = false;
    hint.textContent = hint.dataset.open;
  }
});
if (video.error) hint.textContent = hint.dataset.error; // it failed before this script ran
play.disabled = false; // only now does a click do something
