/** uPlot in the page's colours. Counts over time, as lines or stacked. */
import { clock, count, minute } from './format.js';
import { html, useEffect, useRef } from './parts.js';
import uPlot from './vendor/uplot.js';

const HEIGHT = 200;

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** `#rrggbb` with an opacity. */
const faint = (colour, part) =>
  `${colour}${Math.round(part * 255)
    .toString(16)
    .padStart(2, '0')}`;

function axes() {
  const common = {
    stroke: css('--muted'),
    grid: { stroke: css('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return [
    {
      ...common,
      // Ticks closer than a minute need their seconds.
      values: (_, ticks) => ticks.map((s) => (ticks[1] - ticks[0] < 60 ? clock : minute)(s * 1_000)),
      space: 70,
      size: 26,
    },
    { ...common, values: (_, ticks) => ticks.map((n) => (Number.isInteger(n) ? count(n) : '')), size: 56 },
  ];
}

function options(width, series) {
  return {
    width,
    height: HEIGHT,
    padding: [10, 24, 0, 0], // half of the last tick's label stands to the right of the plot
    legend: { show: false },
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] } },
    axes: axes(),
    series: [{}, ...series],
  };
}

/** What the cursor points at, in words, under the chart. */
function reading(plot, rows, times) {
  const { idx } = plot.cursor;
  if (idx == null || times[idx] === undefined) return '';
  const values = rows
    .filter(({ counts }) => counts[idx] > 0)
    .slice(0, 6)
    .map(({ label, counts }) => `${label} ${count(counts[idx])}`);
  return `${clock(times[idx])}  ${values.join('   ') || 'nothing'}`;
}

/** `rows` are `{ label, counts, colour }`; stacked, the first lies on top of the others. */
export function Chart({ label, times, rows, stacked = false }) {
  const box = useRef(null);
  const foot = useRef(null);
  useEffect(() => {
    const drawn = stacked ? sums(rows) : rows;
    // One point makes no line: a step before it gives it a width.
    const xs = times.map((ms) => ms / 1_000);
    const series = drawn.map(({ colour }) => ({
      stroke: css(colour),
      width: stacked ? 1 : 1.5,
      fill: faint(css(colour), stacked ? 0.85 : 0.14),
      points: { show: times.length < 2 },
      ...(stacked ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    }));
    const data = [xs, ...drawn.map(({ counts }) => counts)];
    let plot;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(box.current.clientWidth, series), data, box.current);
      plot.over.addEventListener('mousemove', () => {
        foot.current.textContent = reading(plot, rows, times);
      });
    };
    draw();
    const resize = new ResizeObserver(
      () =>
        plot.width !== box.current.clientWidth &&
        plot.setSize({ width: box.current.clientWidth, height: HEIGHT }),
    );
    resize.observe(box.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => draw();
    scheme.addEventListener('change', redraw);
    return () => {
      resize.disconnect();
      scheme.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [times, rows]);
  const newest = rows
    .map(({ label: name, counts }) => `${name} ${count(counts.reduce((sum, n) => sum + n, 0))}`)
    .join(', ');
  return html`<figure class="chart"><div ref=${box} role="img" aria-label=${`${label}: ${newest}`}></div><figcaption ref=${foot} class="reading mono"></figcaption></figure>`;
}

/** Each row with those below it added. */
function sums(rows) {
  return rows.map((row, i) => ({
    ...row,
    counts: row.counts.map((_, at) => rows.slice(i).reduce((sum, { counts }) => sum + counts[at], 0)),
  }));
}
