// A field of a message and the elements that it became show each other: under the pointer, and with the focus of the keyboard.
const sides = document.querySelector('[data-sides]');
const told = document.getElementById('told');
let lit = [];

function ends(from) {
  const names = (from.dataset.to ?? from.dataset.from ?? '').split(' ').filter(Boolean);
  return names.map((name) => document.getElementById(name)).filter(Boolean);
}

function show(one, follow) {
  const found = ends(one);
  clear();
  lit = [one, ...found];
  lit.forEach((each) => each.classList.add('app-linked'));
  const tip = one.querySelector('.app-tip');
  told.textContent = tip ? tip.textContent : '';
  told.hidden = !told.textContent;
  if (follow && found.length && window.matchMedia('(min-width: 60em)').matches) {
    const side = found[0].closest('.app-side');
    const above = found[0].getBoundingClientRect().top - side.getBoundingClientRect().top;
    if (above < 0 || above > side.clientHeight - 48) side.scrollTop += above - side.clientHeight / 3;
  }
}

function clear() {
  lit.forEach((each) => each.classList.remove('app-linked'));
  lit = [];
}

function within(event) {
  return event.target instanceof Element ? event.target.closest('[data-to], [data-from]') : null;
}

sides?.addEventListener('pointerover', (event) => { const one = within(event); if (one) show(one, false); });
sides?.addEventListener('focusin', (event) => { const one = within(event); if (one) show(one, true); });
