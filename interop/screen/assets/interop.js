// Starts the design system's components. Pages work without scripts.
import { initAll } from '/assets/nhsuk-frontend-10.6.1.min.js';

initAll();

// Copies of crew cards are of one session (docs/decisions/0085-crew-pages.md)
if (document.body.dataset.session) {
  const there = await globalThis.indexedDB?.databases?.() ?? [];
  if (there.some(each => each.name === 'interop-crew')) await import('/assets/crew.js');
}
