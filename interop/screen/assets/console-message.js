// A field of a message and the elements that it became show each other: under the pointer, and with the focus of the keyboard.
// Each side is one stop of Tab; arrow keys move within it. Without scripts the links of both sides lead to each other.
const sides = document.querySelector('[data-sides]');
const told = document.getElementById('told');
const STOPS = '.app-field__path, [data-from] a';
let lit = [];

function ends(one) {
  const names = (one.dataset.to ?? one.dataset.from ?? '').split(' ').filter(Boolean);
  return names.map((name) => document.getElementById(name)).filter(Boolean);
}

function show(one, follow) {
  const found = ends(one);
  lit.forEach((each) => each.classList.remove('app-linked'));
  lit = [one, ...found];
  lit.forEach((each) => each.classList.add('app-linked'));
  told.textContent = one.querySelector('.app-tip')?.textContent ?? '';
  told.hidden = !told.textContent;
  if (follow && found.length && matchMedia('(min-width: 60em)').matches) {
    const side = found[0].closest('.app-side');
    const above = found[0].getBoundingClientRect().top - side.getBoundingClientRect().top;
    if (above < 0 || above > side.clientHeight - 48) side.scrollTop += above - side.clientHeight / 3;
  }
}

function within(event) {
  return event.target instanceof Element ? event.target.closest('[data-to], [data-from]') : null;
}

function move(event) {
  const stop = event.target instanceof Element ? event.target.closest(STOPS) : null;
  if (!stop || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = [...stop.closest('.app-side').querySelectorAll(STOPS)];
  const at = all.indexOf(stop);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = all[Math.min(Math.max(to, 0), all.length - 1)];
  stop.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

if (sides) {
  document.getElementById('arrows').hidden = false;
  sides.querySelectorAll('.app-side').forEach((side) => side.querySelectorAll(STOPS).forEach((stop, at) => { stop.tabIndex = at ? -1 : 0; }));
  sides.addEventListener('pointerover', (event) => { const one = within(event); if (one) show(one, false); });
  sides.addEventListener('focusin', (event) => { const one = within(event); if (one) show(one, true); });
  sides.addEventListener('keydown', move);
}
