import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runForTest } from '../support/cli.ts';

/** Logs with planted scans and the truth beside them, 200,000 lines of every kind: all are found, nothing else is. */
const GENERATOR = resolve(import.meta.dirname, '../../../shared/bench/make-corpus.py');
const KINDS = ['iptables', 'cisco-ios', 'cisco-asa', 'pf', 'mixed'];
const available = existsSync(GENERATOR);
if (!available) console.log(`skipped: there is no generator of planted logs at ${GENERATOR}`);

interface Truth {
  readonly watch: { readonly hosts: string[]; readonly ports: number[] };
  readonly horizontal: readonly [source: string, port: number, atSeconds: number][];
}

interface IncidentLine {
  readonly source: { readonly ip: string[] };
  readonly destination: { readonly port: number[] };
}

describe.runIf(available)('replay of logs with planted scans', () => {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-planted-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(KINDS)(
    '%s: every planted scan is found, with no false alarm',
    { timeout: 120_000 },
    async (kind) => {
      const log = join(dir, `${kind}.log`);
      execFileSync('python3', [GENERATOR, '--kind', kind, '--lines', '200000', '--out', log], {
        stdio: 'pipe',
      });
      const truth = JSON.parse(readFileSync(`${log}.truth.json`, 'utf8')) as Truth;
      const rules = join(dir, 'paper.yaml');
      writeFileSync(
        rules,
        `rules:
  - id: paper
    watch: { hosts: [${truth.watch.hosts.join(', ')}], ports: [${truth.watch.ports.map((port) => `${port}/tcp`).join(', ')}] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`,
      );
      const { exitCode, stdout } = await runForTest(['replay', '--rules', rules, '--json', log]);
      expect(exitCode).toBe(0);
      const incidents = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as IncidentLine);
      const found = incidents.flatMap((incident) =>
        incident.destination.port.map((port) => `${incident.source.ip.join()} ${port}`),
      );
      expect(found.sort()).toEqual(truth.horizontal.map(([source, port]) => `${source} ${port}`).sort());
      rmSync(log);
    },
  );
});
