import { startDaemon } from './daemon.mjs';
import { rulesFile } from './logs.mjs';
import { median, runOnce } from './measure.mjs';

/** From the process's first moment to the first open socket; beside it, an empty program. */
export async function startupRows({ runs }) {
  const rules = rulesFile(100);
  const [times, empty] = [[], []];
  for (let run = runs > 1 ? 0 : 1; run <= runs; run++) {
    const daemon = await startDaemon({ rules });
    if (run > 0) times.push(daemon.tookMs);
    await daemon.stop();
    empty.push(1_000 * (await runOnce([process.execPath, '-e', '0'])).wall);
  }
  return [
    {
      name: 'start to listening with 100 rules, ms',
      value: median(times),
      bar: 300,
      detail: `fastest ${Math.min(...times).toFixed(0)} ms; node -e 0 takes ${median(empty).toFixed(0)} ms`,
    },
  ];
}
