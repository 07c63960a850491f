// Keeps a second press from sending a form twice: it would use up a code or a try.
(function () {
  'use strict';
  document.addEventListener('submit', function (event) {
    var form = event.target;
    // Not form.method: a field of that name would stand in its place.
    if (form.getAttribute('method') !== 'post') return;
    if (form.getAttribute('data-sent')) {
      event.preventDefault();
      return;
    }
    form.setAttribute('data-sent', 'yes');
    form.setAttribute('aria-busy', 'true');
  });
  // A page that comes back from the browser's memory may be sent again.
  window.addEventListener('pageshow', function () {
    Array.prototype.forEach.call(document.forms, function (form) {
      form.removeAttribute('data-sent');
      form.removeAttribute('aria-busy');
    });
  });
})();
