// Keeps a list of the desk up to date without moving anything under somebody's hand: what changes of a person changes in its
// place; who comes, goes or moves waits until it is asked for.
const EVERY = 10000;
const HASTE = 5000; // an answer that has not come by then is none
const place = document.querySelector('[data-desk-live]');
const holder = document.getElementById('list');
const part = (name) => place.querySelector(`[data-${name}]`);
const said = part('said'), how = part('how'), pause = part('pause'), show = part('show');
const status = part('status'), alert = part('alert');
let tag = '', asOf = holder.querySelector('[data-list]').dataset.asOf, waiting = null, paused = false, told = '', turn = 0;

function say(into, words) {
  if (into.textContent !== words) into.textContent = words;
}

function ids(root) {
  return [...root.querySelectorAll('.desk-list > li')].map((each) => each.id);
}

function merge(fresh) {
  const here = ids(holder), there = ids(fresh);
  for (const id of here) {
    const old = document.getElementById(id), now = fresh.querySelector(`#${CSS.escape(id)}`);
    old.classList.toggle('desk-line--gone', !now);
    if (!now) {
      const time = old.querySelector('[data-live="time"]');
      if (!time.querySelector('.desk-gone')) {
        const words = document.createElement('p');
        words.className = 'desk-gone';
        words.textContent = 'No longer on this list.';
        time.replaceChildren(words);
      }
      continue;
    }
    old.classList.toggle('desk-line--over', now.classList.contains('desk-line--over'));
    for (const piece of now.querySelectorAll('[data-live]')) {
      const its = old.querySelector(`[data-live="${piece.dataset.live}"]`);
      if (its.innerHTML !== piece.innerHTML) its.replaceChildren(...piece.cloneNode(true).childNodes);
    }
  }
  const come = there.filter((id) => !here.includes(id)).length;
  const gone = here.filter((id) => !there.includes(id)).length;
  const moved = !come && !gone && here.join() !== there.join();
  waiting = come || gone || moved ? fresh : null;
  const words = [come ? `${come} new` : '', gone ? `${gone} no longer on the list` : '', moved ? 'the order has changed' : ''];
  const told_ = words.filter(Boolean).join(', ');
  show.hidden = !waiting;
  say(show, told_ ? `Show: ${told_}` : '');
  if (told_ !== told) say(status, told_ ? `${told_}. Choose Show to see the list as it is now.` : '');
  told = told_;
}

async function ask() {
  if (paused || document.hidden) return;
  const headers = { 'x-live': '1', 'hx-request': 'true', 'hx-current-url': location.href };
  if (tag) headers['if-none-match'] = tag;
  const mine = ++turn; // what is answered after a later question, or after a pause, changes nothing
  let answer;
  try {
    answer = await fetch(place.dataset.deskLive, { headers, cache: 'no-store', signal: AbortSignal.timeout(HASTE) });
    const words = await answer.text();
    if (mine !== turn) return;
    if (answer.status === 401) return location.reload();
    if (answer.status !== 200 && answer.status !== 304) throw new Error('refused');
    if (answer.status === 200) {
      const fresh = new DOMParser().parseFromString(words, 'text/html').querySelector('[data-list]');
      tag = answer.headers.get('etag') || '';
      merge(fresh);
    }
  } catch {
    if (mine === turn) say(alert, `Connection lost. What you see is as of ${asOf} and may be out of date. Trying again.`);
    return;
  }
  asOf = answer.headers.get('x-as-of') || asOf;
  say(alert, '');
  say(said, `As of ${asOf}.`);
}

show.addEventListener('click', () => {
  const before = ids(holder);
  holder.replaceChildren(waiting);
  waiting = null;
  told = '';
  show.hidden = true;
  const first = ids(holder).find((id) => !before.includes(id));
  const to = (first && document.getElementById(first)) || holder.querySelector('.desk-list > li') || pause;
  to.focus();
});

pause.addEventListener('click', () => {
  paused = !paused;
  turn += 1;
  say(pause, paused ? 'Go on updating' : 'Pause updates');
  say(how, paused ? 'Updates are paused.' : 'Updated every 10 seconds.');
  if (!paused) ask();
});

document.addEventListener('visibilitychange', ask);
window.addEventListener('online', ask);
pause.hidden = false;
say(how, 'Updated every 10 seconds.');
setInterval(ask, EVERY);
