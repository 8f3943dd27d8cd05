// Answers for /crew where there is no network: with a page without a patient in it, whose script shows a copy if there is one.
// SHELL, UNSENT (addresses of such pages) and ASSETS are set before this.

const CACHE = `crew ${ASSETS.join(' ').length} ${ASSETS.map(each => each.split('/')[2]).join(' ')}`;
const PATIENCE = 8000; // milliseconds that somebody waits who has a copy
const CARD = /^\/crew(?:\/(?!launch$|offline$|unsent$|worker\.js$)([A-Za-z0-9.-]{1,64}))?$/;

self.addEventListener('install', event => {
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll([SHELL, UNSENT, ...ASSETS])).then(() => self.skipWaiting()));
});

self.addEventListener('activate', event => {
  const old = caches.keys().then(names => Promise.all(names.filter(name => name !== CACHE).map(name => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener('fetch', event => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (url.pathname.startsWith('/assets/')) {
    event.respondWith(caches.match(request).then(found => found || fetch(request)));
  } else if (request.mode === 'navigate' && url.pathname.startsWith('/crew') && url.pathname !== '/crew/launch') {
    event.respondWith(page(request, url));
  }
});

async function page(request, url) {
  const card = request.method === 'GET' ? CARD.exec(url.pathname) : null;
  try {
    const asked = fetch(request);
    const answer = card?.[1] && await has(card[1]) ? await Promise.race([asked, late()]) : await asked;
    if (card && (answer.status === 401 || answer.type === 'opaqueredirect')) await forget(); // the session is over
    return answer;
  } catch {
    return caches.match(request.method === 'GET' ? SHELL : UNSENT);
  }
}

const late = () => new Promise((_, failed) => { setTimeout(() => failed(new Error('late')), PATIENCE); });

function stored() {
  return new Promise((done, failed) => {
    const request = indexedDB.open('interop-crew');
    request.onupgradeneeded = () => request.transaction.abort(); // there is none yet
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

async function has(patient) {
  try {
    const db = await stored();
    return await new Promise(done => {
      const request = db.transaction('copies').objectStore('copies').count(patient);
      request.onsuccess = () => { db.close(); done(request.result > 0); };
      request.onerror = () => { db.close(); done(false); };
    });
  } catch {
    return false;
  }
}

async function forget() {
  try {
    const db = await stored();
    await new Promise(done => {
      const doing = db.transaction(['key', 'copies'], 'readwrite');
      doing.objectStore('key').clear();
      doing.objectStore('copies').clear();
      doing.oncomplete = doing.onabort = () => { db.close(); done(); };
    });
  } catch { /* there is nothing */ }
}
