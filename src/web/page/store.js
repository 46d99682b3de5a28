/** What the page knows of now: the head of the daemon and the last lines, as the live feed brings them. */
import { setZone } from './format.js';
import { useEffect, useRef, useState } from './vendor/preact.js';

const MAX_LINES = 200;
/** A feed that is silent for so long is dead, whatever the browser thinks. */
const SILENCE_MS = 6_000;

let state = { overview: undefined, lines: [], connected: false, skewMs: 0 };
const listeners = new Set();
let feed;
let heardMs = 0;

function change(part) {
  state = { ...state, ...part };
  for (const listener of listeners) listener(state);
}

function connect() {
  feed?.close();
  heardMs = Date.now();
  feed = new EventSource('/api/live');
  feed.addEventListener('now', (event) => {
    heardMs = Date.now();
    const { overview, lines } = JSON.parse(event.data);
    setZone(overview.zone);
    const last = state.overview?.startedAtMs === overview.startedAtMs ? (state.lines.at(-1)?.id ?? 0) : 0;
    const kept = last === 0 ? [] : state.lines;
    const added = lines.filter(({ id }) => id > last);
    change({
      overview,
      connected: true,
      skewMs: overview.nowMs - heardMs,
      lines: added.length === 0 ? kept : [...kept, ...added].slice(-MAX_LINES),
    });
  });
  feed.onerror = () => change({ connected: false });
}

export function startFeed() {
  connect();
  setInterval(() => {
    if (Date.now() - heardMs < SILENCE_MS) return;
    change({ connected: false });
    connect();
  }, 2_000);
}

/** The state of now; the component is drawn again with each event. */
export function useNow() {
  const [value, set] = useState(state);
  useEffect(() => {
    set(state);
    listeners.add(set);
    return () => listeners.delete(set);
  }, []);
  return value;
}

/** Where the daemon listens: `udp 0.0.0.0:5514 or tcp [::]:5514`. */
export const listening = ({ listeners }) =>
  listeners.map(({ name, address }) => `${name} ${address}`).join(' or ') || 'any address';

/** The daemon's clock, which may not be this machine's. */
export const daemonNow = () => Date.now() + state.skewMs;

/**
 * What a path of the API answers: `{ data, error }`. It is asked again whenever `key` changes; until the new answer is
 * there, the old one stands.
 */
export function useApi(path, key = 0) {
  const [answer, set] = useState({ path: undefined, data: undefined, error: undefined });
  const wanted = useRef(path);
  wanted.current = path;
  useEffect(() => {
    const abort = new AbortController();
    fetchJson(path, abort.signal)
      .then((data) => wanted.current === path && set({ path, data, error: undefined }))
      .catch((error) => error.name !== 'AbortError' && set({ path, data: undefined, error: error.message }));
    return () => abort.abort();
  }, [path, key]);
  return answer.path === path ? answer : { data: undefined, error: undefined };
}

export async function fetchJson(path, signal) {
  const response = await fetch(path, { signal });
  const text = await response.text();
  if (!response.ok) throw new Error(errorOf(text) ?? `the daemon answered ${response.status}`);
  return JSON.parse(text);
}

function errorOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}
