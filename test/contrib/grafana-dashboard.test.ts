import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pipelineOptions } from '../../src/cli/pipeline-options.ts';
import { configSchema } from '../../src/config/config.ts';
import { App } from '../../src/daemon/app.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { officeRules } from '../support/page-story.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const text = readFileSync(resolve(import.meta.dirname, '../../contrib/grafana-dashboard.json'), 'utf8');
const { panels } = JSON.parse(text) as { panels: Panel[] };

/** Metric name -> its labels, as a daemon that has done nothing yet exposes them. */
let known: Map<string, readonly string[]>;
beforeAll(async () => {
  const telemetry = new Telemetry('error');
  const config = {
    ...configSchema.parse({ channels: [{ kind: 'stdout' }], stateDir: 'never-made' }),
    rules: 'rules',
  };
  const ruleSet = officeRules();
  new App({ config, ruleSet, telemetry, pipeline: pipelineOptions(config, ruleSet, 'live') });
  const metrics = telemetry.registry.getMetricsAsArray() as unknown as {
    name: string;
    labelNames: string[];
  }[];
  known = new Map(metrics.map(({ name, labelNames }) => [name, labelNames]));
});
afterAll(() => known.clear());

const expressions = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const));

describe('the Grafana dashboard', () => {
  it.each(expressions)('%s: %s names metrics and labels that exist', (_, expr) => {
    const names = expr.match(/knockwatch_\w+/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect([...known.keys()]).toContain(name);
    const labels = names.flatMap((name) => known.get(name) ?? []);
    const used = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(', '));
    const selected = [...expr.matchAll(/[{,]\s*(\w+)(?:=~?|!=)/g)]
      .map((match) => match[1]!)
      .filter((name) => name !== 'job');
    for (const label of [...used, ...selected]) expect(labels).toContain(label);
  });

  it('every metric is on it', () => {
    const missing = [...known.keys()].filter((name) => !text.includes(`${name}{`));
    expect(missing).toEqual([]);
  });

  it('no panel covers another', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});
