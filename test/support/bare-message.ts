import type { SyslogMessage } from '../../src/types.ts';

/** A message as decode would give it for a line without any header it understands: only the PRI is taken off. */
export function bareMessage(line: string): SyslogMessage {
  const pri = /^<(\d{1,3})>/.exec(line);
  const text = pri === null ? line : line.slice(pri[0].length);
  const value = pri === null ? 13 : Number(pri[1]);
  return {
    facility: value >> 3,
    severity: value & 7,
    pri: pri === null ? 'missing' : 'stated',
    format: 'bare',
    message: text,
    text,
  };
}
