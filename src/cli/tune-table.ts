import { type Io, isColoured, paint } from './io.ts';
import { writeSpan } from './range-option.ts';

/** Incidents under one setting. */
export interface Setting {
  readonly threshold: number;
  readonly withinMs: number;
  readonly incidents: number;
  /** The setting the rule has now. */
  readonly today: boolean;
}

/** From none to most: a mark where there is no colour, and the colour. */
const SHADES = [
  { mark: ' ', style: ['dim'] },
  { mark: '.', style: ['black', 'bgCyan'] },
  { mark: ':', style: ['black', 'bgGreen'] },
  { mark: '+', style: ['black', 'bgYellow'] },
  { mark: '#', style: ['white', 'bgRed'] },
] as const;

/** 0 for none, 4 for the most there is; by magnitude, since counts differ by powers. */
function shadeOf(count: number, most: number): (typeof SHADES)[number] {
  if (count === 0) return SHADES[0];
  const part = most <= 1 ? 0 : Math.log(count) / Math.log(most);
  return SHADES[1 + Math.round(part * (SHADES.length - 2))]!;
}

/** Numbers of incidents as a table, a row per threshold and a column per window, shaded by size; today's setting in brackets. */
export function heatTable(io: Io, threshold: string, settings: readonly Setting[]): string[] {
  const spans = [...new Set(settings.map(({ withinMs }) => withinMs))];
  const rows = [...new Set(settings.map((setting) => setting.threshold))];
  const most = Math.max(...settings.map(({ incidents }) => incidents));
  const coloured = isColoured(io, 'stdout');
  const first = 2 + Math.max(threshold.length, ...rows.map((row) => String(row).length));
  const width = Math.max(String(most).length + 4, ...spans.map((span) => writeSpan(span).length + 2));
  const cell = ({ incidents, today }: Setting) => {
    const { mark, style } = shadeOf(incidents, most);
    const text = `${today ? `[${incidents}]` : `${incidents} `}${coloured ? ' ' : mark}`.padStart(width);
    return paint(io, 'stdout', [...style], text);
  };
  const head = threshold.padEnd(first) + spans.map((span) => `${writeSpan(span)}  `.padStart(width)).join('');
  const legend = coloured
    ? '[ ] is the setting of today'
    : '[ ] is the setting of today; from few to many: . : + #';
  return [
    head.trimEnd(),
    ...rows.map(
      (row) =>
        String(row)
          .padStart(first - 2)
          .padEnd(first) +
        settings
          .filter((setting) => setting.threshold === row)
          .map(cell)
          .join('')
          .trimEnd(),
    ),
    '',
    legend,
  ];
}
