/** Pieces every view is made of. Text from logs only ever becomes a text node. */
import { ago, count, full, stamp } from './format.js';
import { daemonNow } from './store.js';
import { html, useEffect, useState } from './vendor/preact.js';

export { html, render, useEffect, useLayoutEffect, useMemo, useRef, useState } from './vendor/preact.js';

const listeners = new Set();

let placeOf;

/** What a view wants to find in `history.state` when people come back to it: a function, asked when they leave. Returns how to take it back. */
export function onLeave(place) {
  placeOf = place;
  return () => {
    if (placeOf === place) placeOf = undefined;
  };
}

/** Goes to another view without loading the page again. */
export function navigate(path, { replace = false } = {}) {
  if (!replace && placeOf !== undefined) history.replaceState(placeOf(), '');
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  for (const listener of listeners) listener();
  if (!replace) scrollTo(0, 0);
}

/** The address that is shown. */
export function useLocation() {
  const [, again] = useState(0);
  useEffect(() => {
    const listener = () => again((n) => n + 1);
    listeners.add(listener);
    addEventListener('popstate', listener);
    return () => {
      listeners.delete(listener);
      removeEventListener('popstate', listener);
    };
  }, []);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const sourcePath = (ip) => `/sources/${encodeURIComponent(ip)}`;
export const incidentPath = (id) => `/incidents/${encodeURIComponent(id)}`;

export function Panel({ title, note, actions, children, kind = '' }) {
  return html`<section class=${`panel ${kind}`}>
    <header><h2>${title}</h2>${note && html`<span class="note">${note}</span>`}${actions && html`<div class="actions">${actions}</div>`}</header>
    ${children}
  </section>`;
}

export const Severity = ({ of }) => html`<span class=${`severity ${of}`}>${of}</span>`;

export const Source = ({ ip }) => html`<a class="mono" href=${sourcePath(ip)}>${ip}</a>`;

/** A moment, with how long ago it was where there is room, and the whole date on hover. */
export function Moment({ ms, relative = false }) {
  const now = daemonNow();
  return html`<time dateTime=${new Date(ms).toISOString()} title=${full(ms)}>${relative ? ago(ms, now) : stamp(ms, now)}</time>`;
}

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/** What is wrong with the daemon itself. */
export const Faults = ({ overview }) =>
  overview.faults.length > 0 &&
  html`<ul class="notice bad" role="alert">${overview.faults.map((fault) => html`<li>${fault}</li>`)}</ul>`;

/** What to show while there is no data: nothing yet, or what went wrong. */
export const Waiting = ({ error }) =>
  html`<p class="empty" role=${error ? 'alert' : 'status'}>${error ? `That did not work: ${error}` : 'One moment …'}</p>`;

/** Columns `{ head, cell, number?, wide? }` over rows; where there is no room for columns, each row is a card and the heads stand beside the values. */
export function Table({ columns, rows, caption }) {
  return html`<div class="scroll"><table>
    <caption class="unseen">${caption}</caption>
    <thead><tr>${columns.map(({ head, number }) => html`<th scope="col" class=${number ? 'number' : ''}>${head}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${columns.map(({ head, cell, number, wide }) => html`<td data-head=${head} class=${`${number ? 'number' : ''} ${wide ? 'wide' : ''}`}><div>${cell(row)}</div></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** Seconds whose mean is one point of the line. */
const MEAN_OF = 6;

/** A line of values a second without axes: the shape is the message. */
export function Spark({ values, label, kind = '' }) {
  const width = 120;
  const height = 26;
  const means = Array.from(
    { length: Math.floor(values.length / MEAN_OF) },
    (_, i) => values.slice(i * MEAN_OF, (i + 1) * MEAN_OF).reduce((sum, value) => sum + value, 0) / MEAN_OF,
  );
  const max = Math.max(1, ...means);
  const step = width / Math.max(1, means.length - 1);
  const points = means.map(
    (value, i) => `${(i * step).toFixed(1)},${(height - 1 - (value / max) * (height - 3)).toFixed(1)}`,
  );
  return html`<svg class=${`spark ${kind}`} viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label=${`${label}; at most ${count(Math.max(0, ...values))} a second`}>
    <polygon points=${`0,${height} ${points.join(' ')} ${width},${height}`} />
    <polyline points=${points.join(' ')} />
  </svg>`;
}
