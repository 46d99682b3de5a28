import { decode } from '../../src/decode/decode.ts';
import type { SyslogMessage } from '../../src/types.ts';

/** A line as the pipeline decodes it; the receipt time only matters for stamps without a year. */
export function decodeLine(line: string): SyslogMessage {
  return decode(line, { referenceMs: Date.UTC(2026, 10, 23), zone: 'UTC' });
}
