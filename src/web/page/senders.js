import { count, percent, plural, span } from './format.js';
import { Empty, html, Moment, Panel, Table, Waiting } from './parts.js';
import { listening, useApi, useNow } from './store.js';

const STATES = { ok: 'heard', quiet: 'quiet', unparsed: 'not understood', waiting: 'awaited' };

export function SendersView() {
  const { overview } = useNow();
  const { data, error } = useApi('/api/senders', Math.floor((overview?.nowMs ?? 0) / 2_000));
  if (data === undefined) return html`<${Waiting} error=${error} />`;
  const { rows, more, forgotten } = data;
  const odd = rows.filter(({ samples }) => samples.length > 0);
  const losses = rows.filter(({ lost }) => lost > 0);
  return html`
    <${Panel} title="Senders" note=${`${plural(rows.length + more, 'sender')}${forgotten > 0 ? `, ${count(forgotten)} forgotten` : ''}`}>
      ${
        rows.length === 0
          ? html`<${Empty}>No device was heard of yet. Point one at ${listening(overview)}; <code>knockwatch router</code> writes what it has to be told.<//>`
          : html`<${Table} caption="senders" rows=${rows} columns=${[
              {
                head: 'Sender',
                cell: ({ address, hostname }) =>
                  html`<span class="mono">${address}</span> ${hostname && html`<b>${hostname}</b>`}`,
              },
              {
                head: 'State',
                cell: ({ state }) => html`<span class=${`state ${state}`}>${STATES[state]}</span>`,
              },
              {
                head: 'Last heard',
                cell: ({ lastSeenMs, everyMs }) =>
                  html`${lastSeenMs === undefined ? html`<span class="faint">never</span>` : html`<${Moment} ms=${lastSeenMs} relative />`}${everyMs && html`<span class="faint">, due every ${span(everyMs)}</span>`}`,
              },
              { head: 'Lines', number: true, cell: ({ read }) => count(read) },
              { head: 'Attempts', number: true, cell: ({ parsed }) => count(parsed) },
              { head: 'Other', number: true, cell: ({ ignored }) => count(ignored) },
              { head: 'Malformed', number: true, cell: ({ malformed }) => count(malformed) },
              { head: 'Unknown', number: true, cell: ({ unknown }) => count(unknown) },
              { head: 'Understood', cell: (row) => html`<${Understood} row=${row} />` },
              {
                head: 'Lost there',
                number: true,
                cell: ({ lost }) => (lost === 0 ? '0' : html`<b class="bad">${count(lost)}</b>`),
              },
              {
                head: 'Clock',
                cell: ({ skewMs, lastSeenMs }) =>
                  skewMs === undefined
                    ? html`<span class="faint">${lastSeenMs === undefined ? '–' : 'right'}</span>`
                    : html`<span class="bad">${span(Math.abs(skewMs))} ${skewMs > 0 ? 'slow' : 'fast'}</span>`,
              },
            ]} />`
      }
    <//>
    ${
      losses.length > 0 &&
      html`<${Panel} title="Lost at the device" note="by its own word: nothing here can bring it back">
      <ul class="remarks">${losses.map(({ address, hostname, lost, lastLoss }) => html`<li><b>${hostname ?? address}</b> did not send ${plural(lost, 'message')}${lastLoss && html`: ${lastLoss}`}</li>`)}</ul>
    <//>`
    }
    ${
      odd.length > 0 &&
      html`<${Panel} title="Not understood" note="one line of each shape; knockwatch parse says more">
      ${odd.map(({ address, hostname, samples }) => html`<h3>${hostname ?? address} <span class="faint mono">${hostname ? address : ''}</span></h3><ol class="evidence">${samples.map((sample) => html`<li><code>${sample}</code></li>`)}</ol>`)}
    <//>`
    }`;
}

/** The share of the last five minutes' lines that was understood, and of all where there were none. */
function Understood({ row: { recentRead, recentUnderstood, read, malformed, unknown } }) {
  const [part, whole] = recentRead > 0 ? [recentUnderstood, recentRead] : [read - malformed - unknown, read];
  if (whole === 0) return html`<span class="faint">–</span>`;
  return html`<span class="share"><meter min="0" max="1" low="0.5" high="0.8" optimum="1" value=${part / whole} title=${recentRead > 0 ? 'of the last five minutes' : 'of all'}></meter> ${percent(part, whole)}</span>`;
}
