import { count, plural } from './format.js';
import { IncidentRow } from './incidents.js';
import { setKeys } from './keys.js';
import { Line } from './now.js';
import { Empty, html, Moment, Panel, Table, useEffect, Waiting } from './parts.js';
import { useApi, useNow } from './store.js';

const KINDS = {
  global: 'a public address',
  private: 'a private address',
  documentation: 'a documentation address',
};

/** All that is remembered of one address: its incidents, its knocks, its lines. */
export function SourceView({ ip }) {
  const { overview } = useNow();
  const { data: story, error } = useApi(
    `/api/sources/${encodeURIComponent(ip)}`,
    Math.floor((overview?.nowMs ?? 0) / 5_000),
  );
  useEffect(() => setKeys({ Escape: () => history.back() }));
  if (story === undefined) return html`<${Waiting} error=${error} />`;
  const { incidents, hits, lines, attempts } = story;
  const hosts = new Set(hits.map(({ host }) => host));
  const services = tally(hits.map(({ service }) => service));
  return html`
    <div class="incident-head">
      <p class="crumbs"><a href="/traffic">Traffic</a> / source</p>
      <h1 class="mono">${story.ip}</h1>
      <p class="chips"><span class="chip">${KINDS[story.kind] ?? story.kind}</span><span class="chip">${plural(incidents.length, 'incident')}</span><span class="chip">${plural(hits.length, 'hit')} on ${plural(hosts.size, 'host')}</span>${attempts > 0 && html`<span class="chip">at least ${plural(attempts, 'attempt')} in a day</span>`}</p>
    </div>
    <p class="notice">An address is a claim. Source addresses can be forged, and behind one there may be many machines.</p>
    <div class="columns even">
      <${Panel} title="Incidents">${incidents.length === 0 ? html`<${Empty}>None is remembered.<//>` : html`<ul class="incidents short">${incidents.map((row) => html`<li key=${row.id}><${IncidentRow} row=${row} short /></li>`)}</ul>`}<//>
      <${Panel} title="What it wants">${services.length === 0 ? html`<${Empty}>No hit is remembered.<//>` : html`<ul class="bars">${services.slice(0, 12).map(([service, n]) => html`<li><span>${service}</span><meter min="0" max=${services[0][1]} value=${n}></meter><b>${count(n)}</b></li>`)}</ul>`}<//>
    </div>
    <${Panel} title="Knocks" note=${hits.length > 0 && `the last ${hits.length}, newest first`}>
      ${
        hits.length === 0
          ? html`<${Empty}>No hit is remembered.<//>`
          : html`<${Table} caption="hits" rows=${hits} columns=${[
              { head: 'Time', cell: ({ atMs }) => html`<${Moment} ms=${atMs} />` },
              {
                head: 'Host',
                cell: ({ host, name }) =>
                  name
                    ? html`${name} <span class="faint mono">${host}</span>`
                    : html`<span class="mono">${host}</span>`,
              },
              {
                head: 'Service',
                cell: ({ service, port }) =>
                  html`${service} <span class="faint">${port < 0 || service === String(port) ? '' : port}</span>`,
              },
              { head: 'Action', cell: ({ action }) => action },
              {
                head: 'Rule',
                cell: ({ rule }) =>
                  html`<a href=${`/incidents?rule=${encodeURIComponent(rule)}`}>${rule}</a>`,
              },
              { head: 'Logged by', cell: ({ observer }) => observer },
            ]} />`
      }
    <//>
    ${lines.length > 0 && html`<${Panel} title="Its lines" note="among the last ones"><ol class="lines">${lines.toReversed().map((line) => html`<${Line} key=${line.id} line=${line} />`)}</ol><//>`}`;
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
