// Looks after its turn by itself, as somebody would who follows the link.
(function () {
  'use strict';
  var link = document.querySelector('[data-turn]');
  if (link) {
    setTimeout(function () {
      location.replace(link.href);
    }, Number(link.getAttribute('data-turn')) * 1000);
  }
})();
