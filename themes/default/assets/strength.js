// A rough word on a new password while it is typed. Nothing leaves the page; the server decides.
(function () {
  'use strict';
  var COMMON = /(pass(word)?|qwert|asdf|zxcv|admin|iloveyou|woaini|welcome|letmein|abc123|mima|5201314|1314)/gi;
  var RUNS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1qaz2wsx3edc'];

  function isRun(three) {
    var backwards = three.split('').reverse().join('');
    return RUNS.some(function (run) {
      return run.indexOf(three) >= 0 || run.indexOf(backwards) >= 0;
    });
  }

  // How many characters are left that an attacker could not foresee.
  function surprising(password, words) {
    var rest = password.toLowerCase();
    words.forEach(function (word) {
      if (word.length > 2) rest = rest.split(word.toLowerCase()).join('');
    });
    rest = rest.replace(COMMON, '').replace(/(19|20)\d\d/g, '').replace(/(.)\1+/g, '$1');
    var count = 0;
    Array.from(rest).forEach(function (character, at, all) {
      if (at > 1 && isRun(all.slice(at - 2, at + 1).join(''))) return;
      // A Chinese character says as much as two letters, a digit less than one.
      count += /[^\x00-\x7f]/.test(character) ? 2 : /\d/.test(character) ? 0.7 : 1;
    });
    return count;
  }

  function level(password, least, words) {
    if (Array.from(password).length < least) return 0;
    var count = surprising(password, words);
    if (count < 6) return 1;
    if (count < 9) return 2;
    return count < 14 ? 3 : 4;
  }

  var all = document.querySelectorAll('[data-strength]');
  Array.prototype.forEach.call(all, function (meter) {
    var input = document.getElementById(meter.getAttribute('data-strength'));
    var least = parseInt(meter.getAttribute('data-least'), 10);
    var words = meter.getAttribute('data-words').split(' ');
    var labels = meter.getAttribute('data-labels').split('|');
    var word = meter.querySelector('.strength-word');
    function show() {
      meter.hidden = input.value === '';
      var now = level(input.value, least, words);
      meter.setAttribute('data-level', String(now));
      if (word.textContent !== labels[now]) word.textContent = labels[now];
    }
    input.addEventListener('input', show);
    show();
  });
})();
