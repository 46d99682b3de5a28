/** The keyboard. Views say what j, k and Enter mean; everything else is the same everywhere. */
import { navigate } from './parts.js';

export const KEYS = [
  ['j / k', 'next, previous in the list'],
  ['Enter', 'open'],
  ['Esc', 'back, or leave the field'],
  ['/', 'search'],
  ['p', 'hold the last lines still'],
  ['g n', 'now'],
  ['g i', 'incidents'],
  ['g t', 'traffic'],
  ['g s', 'senders'],
  ['g r', 'rules'],
  ['g d', 'deliveries'],
  ['?', 'this help'],
];

const PLACES = { n: '/', i: '/incidents', t: '/traffic', s: '/senders', r: '/rules', d: '/deliveries' };
const GO_MS = 1_500;

let view = {};
let goUntilMs = 0;

/** What the keys do in the view that is shown: functions by key. Returns how to take them back. */
export function setKeys(keys) {
  view = keys;
  return () => {
    if (view === keys) view = {};
  };
}

export function listenToKeys({ help }) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target, key } = event;
    if (target.matches?.('input, textarea, select')) {
      if (key === 'Escape') target.blur();
      return;
    }
    if (document.querySelector('dialog[open]')) return;
    if (act(key, help)) event.preventDefault();
  });
}

function act(key, help) {
  const place = Date.now() < goUntilMs ? PLACES[key] : undefined;
  goUntilMs = 0;
  if (place !== undefined) navigate(place);
  else if (key === 'g') goUntilMs = Date.now() + GO_MS;
  else if (key === '?') help();
  else if (key === '/') document.querySelector('[data-search]')?.focus();
  else if (view[key] !== undefined) return view[key]() !== false;
  else return false;
  return true;
}
