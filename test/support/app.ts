import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipelineOptions } from '../../src/cli/pipeline-options.ts';
import type { Config } from '../../src/config/config.ts';
import { App } from '../../src/daemon/app.ts';
import { Persistence } from '../../src/daemon/persistence.ts';
import { loadRules } from '../../src/rules/load.ts';
import { Telemetry } from '../../src/telemetry.ts';
import type { Incident } from '../../src/types.ts';
import { testConfig } from './config.ts';

/** Telemetry that keeps every incident as it was last told of, and counts lines. */
export class RecordingTelemetry extends Telemetry {
  readonly incidents = new Map<string, Incident>();
  readonly transitions: { readonly transition: string; readonly incident: Incident }[] = [];
  readonly lines = new Map<string, number>();

  constructor() {
    super('error', { write: () => {} });
  }

  override incidentMoved(incident: Incident, transition: string): void {
    this.incidents.set(incident.id, incident);
    this.transitions.push({ transition, incident });
  }

  override lineJudged(outcome: Parameters<Telemetry['lineJudged']>[0], count = 1): void {
    this.lines.set(outcome, (this.lines.get(outcome) ?? 0) + count);
  }

  get lineCount(): number {
    return [...this.lines.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** A daemon inside the test process, on loopback, with a directory of its own. */
export interface TestApp {
  readonly app: App;
  readonly config: Config;
  readonly telemetry: RecordingTelemetry;
  readonly dir: string;
  readonly rulesPath: string;
  /** The port of its listener. */
  readonly port: number;
}

/** A directory with this rule file in it. */
export function appDirectory(rules: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'knockwatch-app-'));
  writeFileSync(join(dir, 'rules.yaml'), rules);
  return dir;
}

/** Starts a daemon on the directory, which remembers; the configuration is what knockwatch.yaml would say, beside the listener. */
export async function startApp(dir: string, protocol: 'udp' | 'tcp', more: object = {}): Promise<TestApp> {
  const rulesPath = join(dir, 'rules.yaml');
  const { ruleSet, problems } = await loadRules(rulesPath);
  if (ruleSet === undefined) throw new Error(problems.map(({ message }) => message).join('; '));
  const parsed = testConfig({ stateDir: join(dir, 'var'), rules: rulesPath, ...more });
  const listener = {
    protocol,
    host: '127.0.0.1',
    port: 0,
    receiveBuffer: 8 << 20,
    maxConnections: 10,
    idleTimeout: 600_000,
  };
  const config = { ...parsed, listeners: [listener] };
  const telemetry = new RecordingTelemetry();
  const persistence = await Persistence.open(config, telemetry);
  const app = new App({
    config,
    ruleSet,
    telemetry,
    persistence,
    pipeline: pipelineOptions(config, ruleSet, 'live'),
  });
  await app.start();
  return { app, config, telemetry, dir, rulesPath, port: app.addresses[0]!.port };
}

/** Ends a daemon; what it held is judged. Its directory stays. */
export async function stopApp({ app }: TestApp): Promise<void> {
  await app.stop();
}

/** What a daemon that has ended remembers. */
export async function remembered({ config, telemetry }: TestApp): Promise<Incident[]> {
  const persistence = await Persistence.open(config, telemetry);
  try {
    return persistence.recent(10_000);
  } finally {
    await persistence.close();
  }
}

/** Removes what `appDirectory` made. */
export function removeAppDirectory(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}
