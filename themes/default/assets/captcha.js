// Plays the spoken captcha as soon as it is opened.
(function () {
  'use strict';
  var all = document.querySelectorAll('details.listen');
  Array.prototype.forEach.call(all, function (details) {
    var audio = details.querySelector('audio');
    details.addEventListener('toggle', function () {
      if (!details.open) {
        audio.pause();
        return;
      }
      var playing = audio.play();
      // A browser that wants another press shows its own button for it.
      if (playing && playing.catch) playing.catch(function () {});
    });
  });
})();
