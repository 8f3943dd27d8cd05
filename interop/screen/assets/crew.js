// Copies of crew cards for when there is no network: encrypted on this phone, of one session, for twelve hours at most.
// The page at /crew/[id] gives its own card; the shell at /crew/offline shows it again. Every other page of ours that finds
// copies there (interop.js) lets those of another session go. docs/decisions/0085-crew-pages.md

const NAME = 'interop-crew';
const MOST = 50; // copies, and openings in one form
const text = new TextEncoder();

const asked = request => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(request.error);
});

async function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('key');
    request.result.createObjectStore('copies', { keyPath: 'patient' });
    request.result.createObjectStore('opens', { autoIncrement: true });
  };
  return asked(request);
}

const held = (db, store, doing = 'readonly') => db.transaction(store, doing).objectStore(store);

async function forget(db) {
  await asked(held(db, 'key', 'readwrite').clear());
  await asked(held(db, 'copies', 'readwrite').clear());
}

// What a phone's clock says may be wrong: nothing is compared with it but what it said before.
const holds = kept => kept && kept.since <= Date.now() && Date.now() < kept.until;

// The key of the session; that of another session or of one that is over goes with all that it opens. `left`: milliseconds.
async function keyOf(db, session, left) {
  const kept = await asked(held(db, 'key').get('key'));
  if (holds(kept) && kept.session === session) return kept;
  await forget(db);
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const made = { key, session, since: Date.now(), until: Date.now() + left };
  await asked(held(db, 'key', 'readwrite').put(made, 'key'));
  return made;
}

const bound = (kept, patient) => text.encode(`${kept.session} ${patient}`);

// `ends`: when an emergency that was declared for it is over.
async function keep(db, kept, patient, said, ends) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wanted = { name: 'AES-GCM', iv, additionalData: bound(kept, patient) };
  const data = await crypto.subtle.encrypt(wanted, kept.key, text.encode(JSON.stringify(said)));
  const before = await asked(held(db, 'copies').getAll());
  const oldest = before.filter(each => each.patient !== patient).sort((a, b) => b.at - a.at).slice(MOST - 1);
  for (const each of oldest) await asked(held(db, 'copies', 'readwrite').delete(each.patient));
  await asked(held(db, 'copies', 'readwrite').put({ patient, iv, data, at: Date.now(), ends }));
}

async function read(kept, copy) {
  const wanted = { name: 'AES-GCM', iv: copy.iv, additionalData: bound(kept, copy.patient) };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(wanted, kept.key, copy.data)));
}

// What was opened without a network is told to the audit; what is not taken stays until the next time.
async function tell(db, csrf) {
  const store = held(db, 'opens');
  const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
  for (let at = 0; at < keys.length; at += MOST) {
    const form = new URLSearchParams({ csrf });
    for (const each of values.slice(at, at + MOST)) form.append('open', `${each.receipt} ${each.after}`);
    const answer = await fetch('/crew/opened', { method: 'POST', body: form, redirect: 'error' });
    if (!answer.ok) return;
    for (const key of keys.slice(at, at + MOST)) await asked(held(db, 'opens', 'readwrite').delete(key));
  }
}

const clock = at => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'Europe/London' });

async function online({ session, left, csrf }) {
  const db = await opened();
  const kept = await keyOf(db, session, left * 1000);
  leave(db, kept);
  const card = document.getElementById('card');
  if (card?.dataset.patient) {
    const { patient, receipt, made, ends } = card.dataset;
    const name = card.querySelector('h1').textContent.trim();
    const lasts = ends ? Date.now() + Date.parse(ends) - Date.parse(made) : Infinity;
    await keep(db, kept, patient, { html: card.innerHTML, name, made, receipt, csrf }, lasts);
    await navigator.serviceWorker?.register('/crew/worker.js', { scope: '/crew' });
    await navigator.serviceWorker?.ready;
  }
  await tell(db, csrf);
  document.body.dataset.kept = 'yes';
}

// A page that is left open goes when the session is over.
function leave(db, kept) {
  setTimeout(() => forget(db).finally(() => location.replace('/crew')), kept.until - Date.now());
}

function say(words, ...more) {
  document.getElementById('as-of').replaceChildren(`– ${words} `, ...more);
}

function link(href, words) {
  const made = document.createElement('a');
  made.href = href;
  made.textContent = words;
  return made;
}

async function offline() {
  const copy = document.getElementById('copy');
  const patient = /^\/crew\/([A-Za-z0-9.-]{1,64})$/.exec(location.pathname)?.[1] ?? '';
  const db = await opened();
  const kept = await asked(held(db, 'key').get('key'));
  if (!holds(kept)) {
    await forget(db);
    say('nothing is kept on this phone');
    return;
  }
  for (const each of await asked(held(db, 'copies').getAll())) {
    if (Date.now() >= each.ends) await asked(held(db, 'copies', 'readwrite').delete(each.patient));
  }
  const found = patient && await asked(held(db, 'copies').get(patient));
  let csrf = '';
  leave(db, kept);
  if (found) {
    const said = await read(kept, found);
    await asked(held(db, 'opens', 'readwrite').add({ receipt: said.receipt, after: Math.max(0, Math.round((Date.now() - found.at) / 1000)) }));
    ({ csrf } = said);
    say(`as of ${clock(said.made)}`, link(location.pathname, 'Try again'));
    copy.innerHTML = said.html;
    document.title = 'OFFLINE – Crew card';
  } else {
    const copies = (await asked(held(db, 'copies').getAll())).sort((a, b) => b.at - a.at);
    say(patient ? 'not opened on this phone' : 'nobody can be found', link(location.pathname, 'Try again'));
    const list = document.createElement('ul');
    list.className = 'crew-kept';
    for (const each of copies) {
      const said = await read(kept, each);
      ({ csrf } = said);
      const row = document.createElement('li');
      row.append(link(`/crew/${each.patient}`, `${said.name} – as of ${clock(said.made)}`));
      list.append(row);
    }
    const head = document.createElement('h1');
    head.className = 'nhsuk-heading-m crew-page';
    head.textContent = copies.length ? 'Cards on this phone' : 'No card is kept on this phone';
    copy.replaceChildren(head, list);
  }
  document.body.dataset.shown = found ? 'copy' : 'none';
  addEventListener('online', () => {
    tell(db, csrf).catch(() => {});
    say('there is a network again.', link(location.pathname, 'Show the card as it is now'));
  });
}

if (globalThis.indexedDB && globalThis.crypto?.subtle) {
  const { body } = document;
  if (body.dataset.session) online(body.dataset).catch(error => { body.dataset.kept = error.name; });
  else if (document.getElementById('as-of')) offline().catch(() => say('the copy cannot be read'));
}
