import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveFile, archiveFileName, listArchive } from './archive-files.ts';
import { PRIVATE_FLAGS, PRIVATE_MODE, privateDirectory, setAside } from './private-files.ts';
import type { StoreEvent } from './store.ts';

/** How files are opened; replaced in tests to make the disk fail. */
export type OpenFile = (path: string, flags: number, mode: number) => Promise<FileHandle>;

export interface DayFileOptions {
  readonly directory: string;
  readonly open: OpenFile;
  readonly now: () => number;
  readonly onEvent: (event: StoreEvent) => void;
}

/** The file of the day. `length` counts the octets known to be on disk. */
interface CurrentFile {
  readonly path: string;
  readonly name: string;
  readonly day: string;
  length: number;
}

/** The disk's side of the archive: one open file, another one when the day changes. */
export class DayFiles {
  readonly #options: DayFileOptions;
  #file: CurrentFile | undefined;
  #handle: FileHandle | undefined;
  #finished: ArchiveFile[] = [];

  constructor(options: DayFileOptions) {
    this.#options = options;
  }

  /** Name of the file being written; empty before the first. */
  get currentName(): string {
    return this.#file?.name ?? '';
  }

  /** Goes on in a file of an earlier run, behind its sound part. */
  resume({ name, path, day }: ArchiveFile, length: number): void {
    this.#file = { name, path, day, length };
  }

  /** Files of days that are over, each given out once. */
  takeFinished(): ArchiveFile[] {
    return this.#finished.splice(0);
  }

  /**
   * Puts a batch on the disk, in the file of its day. At a fixed position: after a write that failed half way, the next one
   * overwrites what it left.
   */
  async write(day: string, batch: Buffer): Promise<void> {
    const { handle, file } = await this.#fileOf(day);
    for (let done = 0; done < batch.length; ) {
      const { bytesWritten } = await handle.write(batch, done, batch.length - done, file.length + done);
      done += bytesWritten;
    }
    await handle.datasync();
    file.length += batch.length;
  }

  /** Lets go of the open file; the next write opens it again. */
  async close(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  async #fileOf(day: string): Promise<{ readonly handle: FileHandle; readonly file: CurrentFile }> {
    if (this.#file !== undefined && this.#file.day !== day) await this.#finish(this.#file);
    if (this.#handle !== undefined && (await this.#handle.stat()).nlink === 0) {
      const because = `${this.#file?.path} was removed while it was written`;
      this.#options.onEvent({ kind: 'archive-damaged', because });
      await this.close();
      this.#file = undefined;
    }
    const file = this.#file ?? (await this.#nameFile(day));
    const handle = this.#handle ?? (await this.#open(file));
    this.#file = file;
    this.#handle = handle;
    return { handle, file };
  }

  async #finish(file: CurrentFile): Promise<void> {
    const listed = (await listArchive(this.#options.directory)).find(({ name }) => name === file.name);
    await this.close();
    if (listed !== undefined) this.#finished.push(listed);
    this.#file = undefined;
  }

  /** A name nobody has used: a day that was closed before (the clock was set back) gets another part. */
  async #nameFile(day: string): Promise<CurrentFile> {
    const { directory } = this.#options;
    privateDirectory(directory);
    const parts = (await listArchive(directory)).filter((file) => file.day === day).map(({ part }) => part);
    const name = archiveFileName(day, Math.max(0, ...parts) + 1);
    return { name, path: join(directory, name), day, length: 0 };
  }

  async #open(file: CurrentFile): Promise<FileHandle> {
    const { open, now, onEvent } = this.#options;
    const handle = await open(file.path, PRIVATE_FLAGS, PRIVATE_MODE).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ELOOP' && error.code !== 'EISDIR') throw error;
        const to = setAside(file.path, now());
        onEvent({
          kind: 'archive-damaged',
          because: `${file.path} was no plain file; kept as ${to}`,
          path: to,
        });
        file.length = 0;
        return open(file.path, PRIVATE_FLAGS, PRIVATE_MODE);
      },
    );
    await handle.chmod(PRIVATE_MODE);
    const { size } = await handle.stat();
    if (size < file.length) {
      const because = `${file.path} has ${size} bytes where ${file.length} were written`;
      onEvent({ kind: 'archive-damaged', because, path: file.path });
      file.length = size;
    }
    return handle;
  }
}
