// A button that prints: it is not there where it could do nothing.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    for (const each of document.querySelectorAll('details')) each.open = true;
    window.print();
  });
}
