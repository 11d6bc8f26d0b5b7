// A personal link's secret stands behind `#`: take it out of the address and send it by the page's form.
"use strict";

(() => {
  const form = document.querySelector("form[data-open]");
  const secret = location.hash.slice(1);
  if (form && /^[A-Za-z0-9_-]{16,200}$/.test(secret)) {
    history.replaceState(null, "", location.pathname);
    form.elements.link.value = secret;
    form.requestSubmit();
  }
})();
