// Counts anew without a reload, as long as somebody looks.
"use strict";
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch("/admin", { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const counts = page.getElementById("counts");
    if (counts) document.getElementById("counts").replaceWith(counts);
    else location.reload();
  } catch { /* the server is away: the old counts stay until it is back */ }
}, 2000);
