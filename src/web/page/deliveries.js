import { count, plural } from './format.js';
import { Empty, html, incidentPath, Moment, Panel, Severity, Table, Waiting } from './parts.js';
import { useApi, useNow } from './store.js';

const incidentLinks = (ids) =>
  ids.slice(0, 3).map((id) => html`<a class="mono" href=${incidentPath(id)}>${id.slice(0, 6)}</a> `);

const QUEUE = [
  {
    head: 'Alert',
    wide: true,
    cell: ({ subject, incidents }) => html`${subject} ${incidentLinks(incidents)}`,
  },
  { head: 'Severity', cell: ({ severity }) => html`<${Severity} of=${severity} />` },
  { head: 'Channel', cell: ({ channel }) => channel },
  { head: 'Since', cell: ({ createdAtMs }) => html`<${Moment} ms=${createdAtMs} relative />` },
  { head: 'Tries', number: true, cell: ({ attempts }) => count(attempts) },
];

/** What went out, what waits, what was given up, and what was not sent and why. */
export function DeliveriesView() {
  const { overview } = useNow();
  const { data, error } = useApi(
    '/api/deliveries',
    `${overview?.changes ?? 0} ${Math.floor((overview?.nowMs ?? 0) / 5_000)}`,
  );
  if (data === undefined) return html`<${Waiting} error=${error} />`;
  const { channels, waiting, dead, tries, decisions, recent } = data;
  return html`
    ${dead.length > 0 && html`<${Panel} title="Given up" note=${plural(dead.length, 'alert')} kind="bad-panel"><${Table} caption="given up" rows=${dead} columns=${[...QUEUE, { head: 'Because', wide: true, cell: ({ because }) => because ?? '' }]} /><//>`}
    <${Panel} title="On their way" note=${`channels: ${channels.join(', ') || 'none'}`}>
      ${waiting.length === 0 ? html`<${Empty}>Nothing waits.<//>` : html`<${Table} caption="waiting" rows=${waiting} columns=${[...QUEUE, { head: 'Next try', cell: ({ notBeforeMs }) => html`<${Moment} ms=${notBeforeMs} />` }, { head: 'Last answer', wide: true, cell: ({ because }) => because ?? '' }]} />`}
    <//>
    <div class="columns even">
      <${Panel} title="Decisions" note="the last ones: why a mail, and why not" actions=${html`<span class="chips">${decisions.map(({ reason, sent, count: n }) => html`<span class=${`chip ${sent ? 'sent' : ''}`}>${reason} ${count(n)}</span>`)}</span>`}>
        ${recent.length === 0 ? html`<${Empty}>None yet.<//>` : html`<ol class="story">${recent.map(({ atMs, send, reason, because, incidents, headline }) => html`<li class="decision"><${Moment} ms=${atMs} /><span><b class=${send ? 'sent' : 'held'}>${send ? 'Mail' : 'No mail'}</b> ${headline ? html`<a href=${incidentPath(incidents[0])}>${headline}</a><br />` : incidentLinks(incidents)}${because} <small class="chip">${reason}</small></span></li>`)}</ol>`}
      <//>
      <${Panel} title="Tries" note="to hand an alert to a channel">
        ${tries.length === 0 ? html`<${Empty}>None yet.<//>` : html`<ol class="story">${tries.map(({ atMs, outcome, channel, attempt, because, alertId }) => html`<li class="delivery"><${Moment} ms=${atMs} /><span><b class=${outcome}>${outcome}</b> by ${channel}${attempt > 1 ? `, try ${attempt}` : ''}: ${because} <small class="faint mono">${alertId}</small></span></li>`)}</ol>`}
      <//>
    </div>`;
}
