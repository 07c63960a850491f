// Looks again at the ledger while something moves, and goes on once the frames were loaded.
// Without this script the browser's own refresh does both.
(function () {
  'use strict';
  var said = document.getElementById('said');
  var failures = 0;

  function onward(link) {
    var gone = false;
    function go() {
      if (gone) return;
      gone = true;
      location.replace(link.href);
    }
    var frames = document.querySelectorAll('iframe[data-front]');
    var left = frames.length;
    Array.prototype.forEach.call(frames, function (frame) {
      frame.addEventListener('load', function () {
        left -= 1;
        // A moment for a page that signs out by a script of its own.
        if (left === 0) setTimeout(go, 500);
      });
    });
    setTimeout(go, parseInt(link.getAttribute('data-onward'), 10) * 1000);
  }

  function show(html) {
    var next = new DOMParser().parseFromString(html, 'text/html');
    var fresh = next.querySelector('.card');
    var card = document.querySelector('.card');
    if (!next.getElementById('ledger')) return false;
    var focused = card.contains(document.activeElement) ? document.activeElement.id : '';
    var before = card.querySelector('h1').textContent;
    var now = fresh.querySelector('h1').textContent;
    card.parentNode.replaceChild(document.importNode(fresh, true), card);
    document.title = next.title;
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    if (before !== now) said.textContent = now;
    return true;
  }

  function look() {
    var ledger = document.getElementById('ledger');
    var seconds = ledger ? parseInt(ledger.getAttribute('data-seconds'), 10) : 0;
    if (!(seconds > 0) || failures > 5) return;
    setTimeout(function () {
      if (document.hidden) {
        look();
        return;
      }
      fetch(ledger.getAttribute('data-from'), { credentials: 'same-origin' })
        .then(function (answer) {
          // Expired: what is shown stays, with its link.
          if (answer.status === 404 || answer.status === 410) failures = 9;
          if (!answer.ok) throw new Error(String(answer.status));
          return answer.text();
        })
        .then(function (html) {
          failures = 0;
          if (show(html)) look();
        })
        .catch(function () {
          failures += 1;
          look();
        });
    }, seconds * 1000 * Math.pow(2, failures));
  }

  var link = document.querySelector('[data-onward]');
  if (link) onward(link);
  else if (window.fetch && window.DOMParser) look();
})();
