import { clock, count, full, later, plural } from './format.js';
import { HitGrid, incidentGrid } from './grid.js';
import { setKeys } from './keys.js';
import { Empty, html, Moment, navigate, Panel, Severity, Source, useEffect, Waiting } from './parts.js';
import { useApi, useNow } from './store.js';

export function IncidentView({ id }) {
  const { overview } = useNow();
  const { data: incident, error } = useApi(
    `/api/incidents/${encodeURIComponent(id)}`,
    overview?.changes ?? 0,
  );
  useEffect(() => setKeys({ Escape: () => (history.length > 1 ? history.back() : navigate('/incidents')) }));
  if (incident === undefined)
    return html`<${Waiting} error=${error} />${error && html`<p class="note"><code>knockwatch incidents ${id}</code> asks the store, which remembers longer. <a href="/incidents">All incidents</a></p>`}`;
  const { severity, state, headline, word, sources, sourceCount, targets } = incident;
  const who = sourceCount === 1 ? sources[0] : '';
  return html`
    <div class=${`incident-head ${severity}`}>
      <p class="crumbs"><a href="/incidents">Incidents</a> / <span class="mono">${incident.id}</span></p>
      <h1>${word}: ${who !== '' && headline.startsWith(who) ? html`<${Source} ip=${who} /> <span>${headline.slice(who.length)}</span>` : html`<span>${headline}</span>`}</h1>
      <p class="chips"><${Severity} of=${severity} /> <span class="chip">${state}</span> <span class="chip">${incident.kind}</span> <a class="chip" href=${`/incidents?rule=${encodeURIComponent(incident.rule)}`}>rule ${incident.rule}</a></p>
    </div>
    ${!incident.complete && html`<p class="notice">Only the summary is still in memory; <code>knockwatch incidents ${incident.id}</code> has the rest from the store.</p>`}
    <div class="columns even">
      <${Panel} title="What happened"><${Facts} incident=${incident} /><//>
      <${Panel} title="Why, and what was told"><${Story} incident=${incident} /><//>
    </div>
    ${
      targets.length > 0 &&
      html`<div class="columns even">
      <${Panel} title="Time line" note="a dot for the first packet on each host and port"><${TimeLine} incident=${incident} /><//>
      <${Panel} title="Hosts by ports" kind="grid-panel"><${HitGrid} grid=${incidentGrid(incident)} /><//>
    </div>`
    }
    <${Panel} title="Evidence" note=${`${plural(incident.lines.length, 'line')} of ${count(incident.lineCount)}, as received`}>
      ${incident.lines.length === 0 ? html`<${Empty}>No line is in memory any more.<//>` : html`<ol class="evidence">${incident.lines.map(({ text, receivedAtMs, peer }) => html`<li><span class="meta"><${Moment} ms=${receivedAtMs} /> ${peer}</span><code>${text}</code></li>`)}</ol>`}
    <//>`;
}

function Facts({ incident }) {
  const {
    firstSeenMs,
    lastSeenMs,
    sources,
    sourceCount,
    observers,
    transports,
    tcpFlags,
    sourcePorts,
    services,
    ports,
    hostCount,
    remarks,
    overflow,
    condition,
    position,
  } = incident;
  const named = services.map((service, i) =>
    service === String(ports[i]) ? service : `${service} (${ports[i]})`,
  );
  const list = [
    ['First', full(firstSeenMs)],
    ['Last', `${full(lastSeenMs)}, ${later(lastSeenMs - firstSeenMs)}`],
    [
      sourceCount === 1 ? 'Source' : 'Sources',
      html`${sources.map((ip) => html`<${Source} ip=${ip} /> `)}${sourceCount > sources.length ? `and ${sourceCount - sources.length} more` : ''}`,
    ],
    ['Source ports', sourcePorts.slice(0, 12).join(', ') + (sourcePorts.length > 12 ? ' …' : '')],
    ['Services', named.join(', ')],
    [
      'Size',
      `${plural(hostCount, 'host')}, ${plural(incident.count, 'packet')} in ${plural(incident.lineCount, 'line')}`,
    ],
    ['Transport', [...transports, ...tcpFlags].join(', ')],
    [
      'Logged by',
      observers
        .map(
          ({ hostname, address, product, rule }) =>
            `${hostname ?? address} (${[product, rule && `${/^(?:ios|asa|nx-?os)/i.test(product) ? 'list' : 'rule'} ${rule}`].filter(Boolean).join(', ')})`,
        )
        .join('; '),
    ],
    ['Detected', incident.sentence],
    ['Rule', html`${condition}${position && html` <span class="mono faint">${position}</span>`}`],
    [
      'To report it',
      html`<code>knockwatch report ${incident.id}</code> drafts a complaint with the evidence; you send it`,
    ],
  ];
  return html`<dl class="facts">${list.filter(([, value]) => value !== '').map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
    ${remarks.length > 0 && html`<ul class="remarks">${remarks.map((remark) => html`<li>${remark}</li>`)}</ul>`}
    ${overflow > 0 && html`<p class="note">${plural(overflow, 'further value')} were counted and not kept.</p>`}`;
}

const MOVES = {
  opened: 'The condition was met',
  settled: 'The sweep has settled',
  escalated: 'More severe now',
  closed: 'Silent long enough: closed',
};

function Story({ incident: { story } }) {
  if (story.length === 0) return html`<${Empty}>Nothing is remembered.<//>`;
  return html`<ol class="story">${story.map(
    (event) => html`<li class=${event.kind}>
    <${Moment} ms=${event.atMs} />
    ${event.kind === 'decision' && html`<span><b class=${event.decision.send ? 'sent' : 'held'}>${event.decision.send ? 'Mail' : 'No mail'}</b> ${event.decision.because} <small class="chip">${event.decision.reason}</small></span>`}
    ${event.kind === 'delivery' && html`<span><b class=${event.delivery.outcome}>${event.delivery.outcome === 'retry' ? 'Not yet delivered' : event.delivery.outcome === 'dead' ? 'Given up' : 'Delivered'}</b> by ${event.delivery.channel}, try ${event.delivery.attempt}: ${event.delivery.because}</span>`}
    ${MOVES[event.kind] && html`<span><b>${MOVES[event.kind]}</b> <${Severity} of=${event.severity} /></span>`}
  </li>`,
  )}</ol>`;
}

/** Distances of the ticks of a time line, milliseconds: round for whoever reads a clock. */
const STEPS = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000, 86_400_000,
];
const MAX_TICKS = 6;

/** Offsets from the beginning of a time line so long at which it has ticks. */
function ticksOf(lengthMs) {
  const step =
    STEPS.find((ms) => lengthMs / ms < MAX_TICKS) ??
    Math.ceil(lengthMs / MAX_TICKS / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(lengthMs / step) + 1 }, (_, i) => i * step);
}

/** What stands under a tick: `0.2 s`, `15 s`, `2 min`, `2.5 min`, `3 h`. */
function offset(ms) {
  const [unit, name] =
    ms < 60_000
      ? [1_000, 's']
      : ms < 7_200_000
        ? [60_000, 'min']
        : ms < 172_800_000
          ? [3_600_000, 'h']
          : [86_400_000, 'd'];
  return `${Number((ms / unit).toFixed(1))} ${name}`;
}

const MAX_LANES = 40;

/** A raster of knocks: a lane for each host, time from left to right, the number of the port's colour. */
function TimeLine({ incident: { targets, firstSeenMs, openedAtMs, ports } }) {
  const hosts = [
    ...new Map(
      targets.toSorted((a, b) => a.firstSeenMs - b.firstSeenMs).map((target) => [target.ip, target]),
    ).values(),
  ];
  const lanes = hosts.slice(0, MAX_LANES);
  const at = new Map(lanes.map(({ ip }, i) => [ip, i]));
  const left = 14 + Math.max(...lanes.map(({ ip, name }) => (name ?? ip).length)) * 7.2;
  const width = 640;
  const lane = Math.max(18, Math.min(34, 230 / lanes.length));
  const height = lanes.length * lane + 26;
  // To the last new host or port: what came after it on those would only press the sweep into a corner.
  const lastNewMs = Math.max(openedAtMs, ...targets.map(({ firstSeenMs: ms }) => ms));
  const length = Math.max(200, lastNewMs - firstSeenMs);
  const x = (ms) => left + 8 + ((ms - firstSeenMs) / length) * (width - left - 24);
  return html`<div class="scroll"><svg class="time-line" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${`${plural(hosts.length, 'host')} from ${clock(firstSeenMs)} to ${clock(lastNewMs)}`}>
    ${ticksOf(length).map((ms) => html`<g><line class="tick" x1=${x(firstSeenMs + ms)} x2=${x(firstSeenMs + ms)} y1="0" y2=${height - 18} /><text class="tick" x=${x(firstSeenMs + ms)} y=${height - 4} text-anchor=${x(firstSeenMs + ms) > width - 30 ? 'end' : 'middle'}>${ms === 0 ? clock(firstSeenMs) : `+${offset(ms)}`}</text></g>`)}
    ${lanes.map(({ ip, name }, i) => html`<g><line class="lane" x1=${left} x2=${width} y1=${(i + 0.5) * lane} y2=${(i + 0.5) * lane} /><text class="lane" x=${left - 8} y=${(i + 0.5) * lane}>${name ?? ip}<title>${ip}</title></text></g>`)}
    <line class="met" x1=${x(openedAtMs)} x2=${x(openedAtMs)} y1="0" y2=${height - 18}><title>the rule's condition was met</title></line>
    ${targets.filter(({ ip }) => at.has(ip)).map(({ ip, name, port, service, count: packets, firstSeenMs: ms }) => html`<circle class=${`port-${Math.max(0, ports.indexOf(port)) % 8}`} cx=${x(ms)} cy=${(at.get(ip) + 0.5) * lane} r=${Math.min(8, 3.5 + Math.log2(packets + 1) / 1.6)}><title>${`${clock(ms)} ${name ?? ip} ${service}: ${plural(packets, 'packet')}`}</title></circle>`)}
  </svg></div>${hosts.length > MAX_LANES && html`<p class="note">and ${plural(hosts.length - MAX_LANES, 'more host')}</p>`}`;
}
