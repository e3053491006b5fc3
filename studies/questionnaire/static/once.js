// Who taps twice sends a form once; after some seconds it can be sent again, as the network may have failed.
"use strict";
document.addEventListener("submit", (event) => {
  const buttons = event.target.querySelectorAll("button");
  const able = (yes) => { for (const button of buttons) button.disabled = !yes; };
  setTimeout(able, 0, false); // not now: the button that was tapped is part of the form
  setTimeout(able, 10000, true);
});
