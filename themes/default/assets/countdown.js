// Counts down until another code may be asked for. Without this script the button can be pressed
// at any time, and the server says that it is too early.
(function () {
  'use strict';
  var buttons = document.querySelectorAll('button[data-countdown]');
  Array.prototype.forEach.call(buttons, function (button) {
    var seconds = parseInt(button.getAttribute('data-countdown'), 10);
    if (!(seconds > 0)) return;
    var hint = document.querySelector('[data-countdown-hint]');
    if (hint) hint.hidden = true;
    var ready = button.textContent;
    var waiting = button.getAttribute('data-waiting');
    // By the clock, for timers stand still while a phone shows its messages.
    var until = Date.now() + seconds * 1000;
    button.disabled = true;
    function tick() {
      var left = Math.ceil((until - Date.now()) / 1000);
      if (left <= 0) {
        button.disabled = false;
        button.textContent = ready;
        return;
      }
      button.textContent = waiting.replace('%s', String(left));
      setTimeout(tick, 1000);
    }
    tick();
  });
})();
