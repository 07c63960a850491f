// Sends the form of this page at once. Without this script the button does it.
(function () {
  'use strict';
  var form = document.querySelector('form[data-post]');
  if (!form) return;
  // Who comes back by the browser's button wants to be here, not to be sent away again.
  var entries = window.performance && performance.getEntriesByType
    ? performance.getEntriesByType('navigation') : [];
  if (entries.length && entries[0].type === 'back_forward') return;
  form.setAttribute('data-sent', 'yes');
  form.setAttribute('aria-busy', 'true');
  // Not form.submit: a field of that name would stand in its place.
  HTMLFormElement.prototype.submit.call(form);
})();
