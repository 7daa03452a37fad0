// Renews the part of a page that is marked for it, from the page that the mark names or else from its own, while there
// is something to wait for. Without this, a link does it.
(function () {
  "use strict";
  var live = document.querySelector("[data-live]");
  var left = 600;
  function again() {
    left -= 1;
    fetch(live.getAttribute("data-live") || location.href, { headers: { Accept: "text/html" } })
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.text() : ""; })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-live]");
        if (!fresh) return;
        if (fresh.innerHTML !== live.innerHTML) live.replaceChildren.apply(live, Array.from(fresh.childNodes));
        if (fresh.hasAttribute("data-more") && left > 0) setTimeout(again, 1500);
      })
      .catch(function () { if (left > 0) setTimeout(again, 5000); });
  }
  if (live && live.hasAttribute("data-more")) setTimeout(again, 1000);
})();
