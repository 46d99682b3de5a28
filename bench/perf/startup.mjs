import { startDaemon } from './daemon.mjs';
import { rulesFile } from './logs.mjs';
import { median } from './measure.mjs';

/** From the process's first moment to the first open socket. */
export async function startupRows({ runs }) {
  const rules = rulesFile(100);
  const times = [];
  for (let run = 0; run <= runs; run++) {
    const daemon = await startDaemon({ rules });
    if (run > 0) times.push(daemon.tookMs);
    await daemon.stop();
  }
  return [{ name: 'start to listening with 100 rules, ms', value: median(times), bar: 300 }];
}
