import type { AppStatus } from '../status.ts';
import { removePidFile, writePidFile } from '../store/pid-file.ts';
import { privateDirectory } from '../store/private-files.ts';
import { writeStatusFile } from '../store/status-file.ts';
import type { Telemetry } from '../telemetry.ts';

/** How often `status.json` is written. */
const STATUS_MS = 5_000;

/** Word for the verbs that run beside the daemon: which process it is (a pid file), and how it is doing (`status.json`). */
export class DaemonWord {
  readonly #stateDir: string;
  readonly #telemetry: Telemetry;
  readonly #status: () => AppStatus;
  #tick: NodeJS.Timeout | undefined;

  constructor(stateDir: string, telemetry: Telemetry, status: () => AppStatus) {
    this.#stateDir = stateDir;
    this.#telemetry = telemetry;
    this.#status = status;
  }

  /** Leaves word, and keeps it up to date. */
  begin(): void {
    try {
      privateDirectory(this.#stateDir);
      writePidFile(this.#stateDir);
    } catch (error) {
      this.#telemetry.log.warn(
        { because: (error as Error).message },
        '`knockwatch reload` and `knockwatch status` will not find this process',
      );
    }
    this.write();
    this.#tick = setInterval(() => this.write(), STATUS_MS);
  }

  /** Says how things are now. */
  write(): void {
    try {
      writeStatusFile(this.#stateDir, this.#status());
    } catch (error) {
      this.#telemetry.log.debug({ because: (error as Error).message }, 'status.json can not be written');
    }
  }

  /** Does not say anything any more by itself. */
  pause(): void {
    clearInterval(this.#tick);
  }

  /** The last word: the daemon has ended. */
  end(): void {
    this.pause();
    this.write();
    removePidFile(this.#stateDir);
  }
}
