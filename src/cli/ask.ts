import { createInterface } from 'node:readline';
import type { Read } from './init-answers.ts';
import { CliError, EXIT_USAGE, type Io, paint } from './io.ts';

/** Whoever types a wrong answer so often does not read what is said about it. */
const MAX_TRIES = 5;

/** Asks questions on standard output and reads the answers, a line each, from a terminal or a script. */
export class Asker {
  readonly #io: Io;
  readonly #reader: ReturnType<typeof createInterface>;
  readonly #lines: AsyncIterator<string>;

  /** A terminal shows what is typed; what a script says is shown by us. */
  readonly #echoes: boolean;

  constructor(io: Io) {
    this.#io = io;
    const input = io.stdin ?? process.stdin;
    this.#echoes = 'isTTY' in input && input.isTTY === true;
    this.#reader = createInterface({ input });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Asks until the answer can be used; an empty one, and the end of input, mean `fallback`. */
  async ask<T>(question: string, fallback: string, read: (text: string) => Read<T>): Promise<T> {
    for (let i = 0; i < MAX_TRIES; i++) {
      this.#io.stdout.write(
        `${paint(this.#io, 'stdout', 'bold', question)}${fallback === '' ? '' : ` [${fallback}]`}: `,
      );
      const line = await this.#lines.next();
      const text = line.done === true || line.value.trim() === '' ? fallback : line.value.trim();
      if (!this.#echoes) this.#io.stdout.write(`${text}\n`);
      const answer = read(text);
      if (answer.ok) return answer.value;
      this.#io.stdout.write(`  ${paint(this.#io, 'stdout', 'yellow', answer.message)}\n`);
    }
    throw new CliError(EXIT_USAGE, `no usable answer to "${question}"`);
  }

  close(): void {
    this.#reader.close();
  }
}
