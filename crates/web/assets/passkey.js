// Asks the browser for a passkey, or to make one, and posts what the device answered as a form. Without this, what needs it
// is not shown.
(function () {
  "use strict";
  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }
  function text(buffer) {
    var plain = Array.from(new Uint8Array(buffer), function (byte) { return String.fromCharCode(byte); }).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  // What stands in base 64 becomes bytes, as browsers want it that cannot read the JSON themselves.
  function told(options) {
    function known(one) { return Object.assign({}, one, { id: bytes(one.id) }); }
    var ready = Object.assign({}, options, { challenge: bytes(options.challenge) });
    if (options.user) ready.user = known(options.user);
    if (options.excludeCredentials) ready.excludeCredentials = options.excludeCredentials.map(known);
    if (options.allowCredentials) ready.allowCredentials = options.allowCredentials.map(known);
    return ready;
  }
  function answer(made) {
    var response = {};
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (made.response[name] && (name !== "authenticatorData" || made.response.signature)) {
        response[name] = text(made.response[name]);
      }
    });
    if (made.response.getTransports) response.transports = made.response.getTransports();
    return JSON.stringify({
      id: made.id, rawId: text(made.rawId), type: made.type, response: response,
      authenticatorAttachment: made.authenticatorAttachment || undefined,
      clientExtensionResults: made.getClientExtensionResults()
    });
  }
  // Which sentence fits. Browsers tell a certificate that they do not trust by the text alone.
  function sentence(error) {
    if (error.name === "SecurityError" || /certificate|TLS/i.test(error.message)) return "certificate";
    if (error.name === "InvalidStateError") return "exists";
    return error.name === "NotAllowedError" || error.name === "AbortError" ? "cancelled" : "failed";
  }
  function options(form) {
    if (form.dataset.options) return Promise.resolve(JSON.parse(form.dataset.options));
    var fields = new URLSearchParams({ key: form.elements.key.value });
    return fetch(form.dataset.ask, { method: "POST", body: fields, headers: { Accept: "application/json" } })
      .then(function (said) { return said.ok ? said.json() : Promise.reject(new Error(String(said.status))); });
  }
  function run(form) {
    var button = form.querySelector("button");
    var place = form.querySelector("[role=alert]");
    place.hidden = true;
    button.disabled = true;
    options(form)
      .then(function (asked) {
        var wish = { publicKey: told(asked) };
        return form.dataset.passkey === "make" ? navigator.credentials.create(wish) : navigator.credentials.get(wish);
      })
      .then(function (made) {
        form.elements.answer.value = answer(made);
        form.submit();
      })
      .catch(function (error) {
        button.disabled = false;
        place.textContent = form.getAttribute("data-" + sentence(error));
        place.hidden = false;
      });
  }
  var works = Boolean(window.isSecureContext && window.PublicKeyCredential && navigator.credentials);
  document.querySelectorAll("[data-passkey-none]").forEach(function (none) { none.hidden = works; });
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    form.hidden = !works;
    if (form.dataset.passkey === "begin") return;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      run(form);
    });
  });
})();
