import { count } from './format.js';
import { Empty, Faults, html, Moment, Panel, Severity, Table, Waiting } from './parts.js';
import { useApi, useNow } from './store.js';

export function RulesView() {
  const { overview } = useNow();
  const { data: rules, error } = useApi('/api/rules', Math.floor((overview?.nowMs ?? 0) / 2_000));
  if (rules === undefined) return html`<${Waiting} error=${error} />`;
  const incidents = (id, state = '') =>
    `/incidents?rule=${encodeURIComponent(id)}${state && `&state=${state}`}`;
  return html`<${Faults} overview=${overview} />
  <${Panel} title="Rules" note="in force, with what they caught since the start">
    ${
      rules.length === 0
        ? html`<${Empty}>There is no rule, so nothing is watched.<//>`
        : html`<${Table} caption="rules" rows=${rules} columns=${[
            {
              head: 'Rule',
              wide: true,
              cell: ({ id, title, position }) =>
                html`<b>${id}</b>${title && html`<br />${title}`}<br /><span class="faint mono file" title=${position}>${position.split('/').slice(-2).join('/')}</span>`,
            },
            { head: 'Severity', cell: ({ severity }) => html`<${Severity} of=${severity} />` },
            {
              head: 'Condition',
              wide: true,
              cell: ({ conditions, watches }) =>
                html`${conditions.map((text) => html`<span class="block">${text}</span>`)}<span class="faint block">${watches}</span>`,
            },
            { head: 'Hits', number: true, cell: ({ hits }) => count(hits) },
            {
              head: 'Last hit',
              cell: ({ lastHitMs }) =>
                lastHitMs === undefined
                  ? html`<span class="faint">never</span>`
                  : html`<${Moment} ms=${lastHitMs} relative />`,
            },
            {
              head: 'Incidents',
              number: true,
              cell: ({ id, incidents: n }) =>
                n === 0 ? '0' : html`<a href=${incidents(id)}>${count(n)}</a>`,
            },
            {
              head: 'Open',
              number: true,
              cell: ({ id, open }) =>
                open === 0 ? '0' : html`<a href=${incidents(id, 'open')}>${count(open)}</a>`,
            },
            { head: 'Mails', number: true, cell: ({ mails }) => count(mails) },
            {
              head: 'Tells',
              cell: ({ notify }) =>
                notify.length === 0 ? html`<span class="faint">every channel</span>` : notify.join(', '),
            },
          ]} />`
    }
  <//>`;
}
