import type { Frame, FrameTransport } from '../types.ts';

/**
 * Lines of one sender that came together, before they are made frames. Each ends with LF and holds no other, so a batch is
 * searched as one text; only the lines somebody wants to read become objects.
 */
export interface LineBatch {
  /** The lines' octets as latin1, one character each. */
  readonly text: string;
  readonly lines: number;
  /** Canonical address of the sender. */
  readonly address: string;
  readonly transport: FrameTransport;
  /** When the last of them came, in epoch milliseconds. */
  readonly receivedAtMs: number;
  /** The frame of the line that begins at `start` of the text and whose LF is at `end`; its bytes are a copy. */
  frame(start: number, end: number): Frame;
}

/** Fewer lines than this are as quickly made frames. */
export const MIN_BATCH_LINES = 32;
