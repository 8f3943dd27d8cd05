// Keeps the overview up to date by server-sent events. Without scripts the page is as it was when it was asked for.
const live = document.getElementById('live');
const part = document.getElementById('standing');
const words = document.getElementById('live-words');
const at = document.getElementById('live-at');
const pause = document.getElementById('live-pause');
const news = document.getElementById('live-news');
let source = null;

function time(said) {
  at.dateTime = said;
  at.textContent = new Date(said).toLocaleTimeString('en-GB');
}

function focusKept(change) {
  const held = document.activeElement?.closest('#standing') ? document.activeElement.getAttribute('href') : null;
  const scrolled = [...part.querySelectorAll('.app-scroll')].map((each) => each.scrollLeft);
  change();
  [...part.querySelectorAll('.app-scroll')].forEach((each, number) => { each.scrollLeft = scrolled[number] ?? 0; });
  if (held) part.querySelector(`[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

function start() {
  source = new EventSource(live.dataset.events);
  source.addEventListener('standing', (event) => {
    const needed = part.querySelectorAll('.app-needs li').length;
    focusKept(() => { part.innerHTML = event.data; });
    const now = part.querySelectorAll('.app-needs li').length;
    if (now !== needed) news.textContent = now ? `${now} things have to be done` : 'Nothing has to be done';
    time(new Date().toISOString());
    words.textContent = 'Live, as of';
  });
  source.addEventListener('at', () => { time(new Date().toISOString()); words.textContent = 'Live, as of'; });
  source.addEventListener('error', () => { words.textContent = 'The connection is lost. Figures are as of'; });
}

function stop() {
  source?.close();
  source = null;
  words.textContent = 'Not updated since';
}

pause.hidden = false;
pause.addEventListener('click', () => {
  if (source) stop(); else start();
  pause.textContent = source ? 'Stop updating' : 'Update again';
});
start();
