import { Chart } from './chart.js';
import { count, plural } from './format.js';
import { Empty, html, Panel, sourcePath, useMemo, useState, Waiting } from './parts.js';
import { useApi, useNow } from './store.js';

const HOURS = [1, 6, 24];
const STEP_MS = 15_000;

export function TrafficView() {
  const { overview } = useNow();
  const [hours, setHours] = useState(24);
  const { data, error } = useApi(`/api/traffic?hours=${hours}`, Math.floor((overview?.nowMs ?? 0) / STEP_MS));
  const charts = useMemo(() => data && series(data), [data]);
  if (charts === undefined) return html`<${Waiting} error=${error} />`;
  const actions = HOURS.map(
    (n) =>
      html`<button type="button" aria-pressed=${n === hours} onClick=${() => setHours(n)}>${n} h</button>`,
  );
  const few = data.times.length < 2;
  return html`
    <div class="columns even">
      <${Panel} title="Lines" note="per minute" actions=${actions}>${few ? html`<${Empty}>The first two minutes are not over yet.<//>` : html`<${Legend} rows=${charts.lines} /><${Chart} label="lines per minute" times=${data.times} rows=${charts.lines} />`}<//>
      <${Panel} title="Hits" note="per minute">${few ? html`<${Empty}>The first two minutes are not over yet.<//>` : html`<${Legend} rows=${charts.hits} /><${Chart} label="hits per minute" times=${data.times} rows=${charts.hits} />`}<//>
    </div>
    <${Top} title="Most wanted ports" note="attempts that were not allowed, in steps of ten minutes" data=${data} rows=${charts.ports} path=${(key) => `/incidents?port=${Number.parseInt(key, 10)}`} />
    <${Top} title="Busiest sources" note="an address is a claim, not a person" data=${data} rows=${charts.sources} path=${sourcePath} />`;
}

const Legend = ({ rows }) =>
  html`<p class="legend-row">${rows.map(({ label, colour }) => html`<span><i class=${colour.slice(2)}></i>${label}</span>`)}</p>`;

function series({ lines, attempts, hits, ports, sources, topTimes }) {
  const coloured = (tops) => tops.map((top, i) => ({ ...top, colour: `--c${i}` }));
  return {
    lines: [
      { label: 'lines', counts: lines, colour: '--c7' },
      { label: 'read as attempts', counts: attempts, colour: '--c0' },
    ],
    hits: [{ label: 'hits', counts: hits, colour: '--c1' }],
    ports: coloured(ports),
    sources: coloured(sources),
    topTimes,
  };
}

function Top({ title, note, data, rows, path }) {
  const times = useMemo(() => [...data.topTimes, data.topTimes.at(-1) + data.topStepMs], [data]);
  const drawn = useMemo(
    () => rows.map((row) => ({ ...row, counts: [...row.counts, row.counts.at(-1)] })),
    [rows],
  );
  return html`<${Panel} title=${title} note=${note}>
    ${
      rows.length === 0
        ? html`<${Empty}>No attempt yet.<//>`
        : html`<div class="chart-and-list"><${Chart} label=${title} times=${times} rows=${drawn} stacked />
        <ol class="tops">${rows.map(({ key, label, total, error, colour }) => html`<li key=${key}><i class=${colour.slice(2)}></i><a class="mono" href=${path(key)}>${label}</a><b title=${error > 0 ? `at most ${plural(error, 'attempt')} more` : ''}>${count(total)}${error > 0 ? '+' : ''}</b></li>`)}</ol></div>`
    }
  <//>`;
}
