import { count, plural, rate, span } from './format.js';
import { HitGrid } from './grid.js';
import { IncidentRow } from './incidents.js';
import { setKeys } from './keys.js';
import {
  Empty,
  Faults,
  html,
  incidentPath,
  Moment,
  navigate,
  Panel,
  Source,
  Spark,
  useEffect,
  useState,
  Waiting,
} from './parts.js';
import { listening, useApi, useNow } from './store.js';

const GRID_MS = 2_000;
const KINDS = {
  all: () => true,
  hits: ({ rules }) => rules.length > 0,
  'not understood': ({ kind }) => kind === 'unknown' || kind === 'malformed' || kind === 'loss',
};

/** How things are, in one sentence: the first thing to read. */
function verdict({ overview, gravest }) {
  const { openIncidents, senders, rates, outbox } = overview;
  const worries = [
    ...(senders.quiet > 0 ? [`${plural(senders.quiet, 'sender')} gone quiet`] : []),
    ...(senders.unparsed > 0 ? [`${plural(senders.unparsed, 'sender')} not understood`] : []),
    ...(outbox.dead > 0 ? [`${plural(outbox.dead, 'alert')} could not be delivered`] : []),
  ];
  const aside = worries.length === 0 ? '' : ` ${worries.join(', ')}.`;
  if (openIncidents > 0 && gravest) {
    return {
      kind: gravest.severity,
      head: `${plural(openIncidents, 'open incident')}.`,
      text: `${sentence(`${gravest.word}: ${gravest.headline}`)}${aside}`,
      path: incidentPath(gravest.id),
    };
  }
  if (overview.totals.lines === 0)
    return {
      kind: 'waiting',
      head: 'Waiting for the first line.',
      text: `Nothing came yet on ${listening(overview)}. To see what happens then: knockwatch self-test.${aside}`,
    };
  return {
    kind: worries.length > 0 ? 'medium' : 'calm',
    head: 'Nobody at the door.',
    text: `${rates.lines > 0 ? `${rate(rates.lines)} lines a second, ` : ''}${count(overview.totals.hits)} hits since the start, no incident open.${aside}`,
  };
}

const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

const SEVERITIES = ['critical', 'high', 'medium', 'low'];

export function NowView() {
  const { overview } = useNow();
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTick((n) => n + 1), GRID_MS);
    return () => clearInterval(timer);
  }, []);
  const grid = useApi('/api/grid', tick);
  const open = useApi('/api/incidents?limit=12', overview?.changes ?? 0);
  const severity = SEVERITIES.find((name) => overview?.openBySeverity[name] > 0);
  const worst = useApi(
    `/api/incidents?state=open&limit=1${severity ? `&severity=${severity}` : ''}`,
    overview?.changes ?? 0,
  );
  if (overview === undefined) return html`<${Waiting} />`;
  const rows = open.data?.rows ?? [];
  const gravest = worst.data?.rows[0];
  const { kind, head, text, path } = verdict({ overview, gravest });
  return html`
    <a class=${`verdict ${kind}`} href=${path ?? '/incidents'} aria-live="polite"><strong>${head}</strong> <span>${text}</span></a>
    <${Faults} overview=${overview} />
    <${Figures} overview=${overview} />
    <div class="columns">
      <${Panel} title="Who knocked where" note="hosts by ports, lit by hits, fading in minutes" kind="grid-panel">
        ${grid.data ? html`<${HitGrid} grid=${grid.data} />` : html`<${Waiting} error=${grid.error} />`}
      <//>
      <${Panel} title="Incidents" actions=${html`<a href="/incidents">all ${count(overview.incidents)}</a>`}>
        ${rows.length === 0 ? html`<${Empty}>None yet. One packet is a typo; a probe is several hosts on one port.<//>` : html`<ul class="incidents short">${rows.map((row) => html`<li key=${row.id}><${IncidentRow} row=${row} short /></li>`)}</ul>`}
      <//>
    </div>
    <${Lines} />`;
}

function Figures({ overview }) {
  const { rates, totals, openBySeverity, senders, outbox, recentLines, recentHits, startedAtMs, nowMs } =
    overview;
  const read =
    totals.lines === 0
      ? 'no line yet'
      : `${Math.floor((100 * (totals.lines - totals.unknown - totals.malformed)) / totals.lines)} % of all lines understood`;
  const severities = SEVERITIES.filter((severity) => openBySeverity[severity] > 0);
  return html`<div class="figures">
    <figure><figcaption>lines a second</figcaption><b>${rate(rates.lines)}</b><${Spark} values=${recentLines} label="lines in the last five minutes" /><small>${count(totals.lines)} in ${span(nowMs - startedAtMs)}</small></figure>
    <figure><figcaption>hits a second</figcaption><b>${rate(rates.hits)}</b><${Spark} values=${recentHits} label="hits in the last five minutes" kind="hits" /><small>${count(totals.hits)} on watched hosts and ports</small></figure>
    <figure><figcaption>open incidents</figcaption><b>${count(overview.openIncidents)}</b><span class="mix">${severities.map((severity) => html`<a class=${`severity ${severity}`} href=${`/incidents?severity=${severity}&state=open`}>${count(openBySeverity[severity])} ${severity}</a>`)}</span><small>${count(overview.incidents)} remembered</small></figure>
    <figure><figcaption><a href="/senders">senders</a></figcaption><b>${count(senders.known)}</b><span class="mix">${senders.quiet > 0 && html`<a class="severity medium" href="/senders">${senders.quiet} quiet</a>`}${senders.unparsed > 0 && html`<a class="severity medium" href="/senders">${senders.unparsed} not understood</a>`}${senders.quiet + senders.unparsed === 0 && html`<span class="fine">${senders.known === 0 ? 'none yet' : 'all well'}</span>`}</span><small>${read}</small></figure>
    <figure><figcaption><a href="/deliveries">alerts</a></figcaption><b>${count(outbox.waiting)}</b><span class="mix">${outbox.dead > 0 ? html`<a class="severity high" href="/deliveries">${outbox.dead} given up</a>` : html`<span class="fine">${outbox.waiting === 0 ? 'none waits' : 'on their way'}</span>`}</span><small>waiting to be delivered</small></figure>
  </div>`;
}

function Lines() {
  const { lines } = useNow();
  const [kind, setKind] = useState('all');
  const [held, setHeld] = useState(undefined);
  useEffect(() =>
    setKeys({
      p: () => setHeld((now) => (now === undefined ? lines : undefined)),
      i: () => navigate('/incidents'),
    }),
  );
  const shown = (held ?? lines).filter(KINDS[kind]).slice(-60).reverse();
  const actions = html`
    ${Object.keys(KINDS).map((name) => html`<button type="button" aria-pressed=${kind === name} onClick=${() => setKind(name)}>${name}</button>`)}
    <button type="button" aria-pressed=${held !== undefined} onClick=${() => setHeld(held === undefined ? lines : undefined)} title="p">hold</button>`;
  return html`<${Panel} title="Last lines" note="and what became of them" actions=${actions} kind="lines-panel">
    ${shown.length === 0 ? html`<${Empty}>${lines.length === 0 ? 'No line yet.' : 'None of the last lines.'}<//>` : html`<ol class="lines">${shown.map((line) => html`<${Line} key=${line.id} line=${line} />`)}</ol>`}
  <//>`;
}

const WORDS = {
  attempt: 'read',
  ignored: 'not ours',
  loss: 'loss',
  malformed: 'malformed',
  unknown: 'unknown',
};

export function Line({ line: { atMs, sender, kind, text, because, rules, source } }) {
  const word = rules.length > 0 ? 'hit' : WORDS[kind];
  return html`<li class=${rules.length > 0 ? 'is-hit' : `is-${kind}`}>
    <span class="meta"><${Moment} ms=${atMs} /> <span class=${`outcome ${rules.length > 0 ? 'hit' : kind}`}>${word}</span></span>
    <span class="what"><code>${text}</code><small>${sender} · ${because}${source && html` · <${Source} ip=${source} />`}${rules.map((rule) => html` · <a href=${`/incidents?rule=${encodeURIComponent(rule)}`}>${rule}</a>`)}</small></span>
  </li>`;
}
