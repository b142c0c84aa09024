// @ts-check
/** Signs a device in by a link that ends in `#token=…`: the part after # never reaches a log. */

const PREFIX = "#token=";

const form = document.getElementById("device");
const field = document.getElementById("token");
if (form instanceof HTMLFormElement && field instanceof HTMLInputElement && location.hash.startsWith(PREFIX)) {
  field.value = decodeURIComponent(location.hash.slice(PREFIX.length));
  history.replaceState(null, "", location.pathname + location.search);
  form.requestSubmit();
}
