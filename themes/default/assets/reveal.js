// Shows and hides a password. Without this script the button stays hidden.
(function () {
  'use strict';
  var buttons = document.querySelectorAll('button[data-reveal]');
  Array.prototype.forEach.call(buttons, function (button) {
    var input = document.getElementById(button.getAttribute('data-reveal'));
    if (!input) return;
    function show(visible) {
      input.type = visible ? 'text' : 'password';
      button.textContent = button.getAttribute(visible ? 'data-hide' : 'data-show');
    }
    button.addEventListener('click', function () {
      show(input.type === 'password');
      input.focus();
    });
    // Sent as a password again, so that no browser keeps it among remembered texts.
    if (input.form) input.form.addEventListener('submit', function () { show(false); });
    button.hidden = false;
  });
})();
