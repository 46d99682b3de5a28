import { DASH, isDigit, isLower, isUpper } from './scan.ts';

/** Everything in front of a mnemonic is shorter than this, or it is no header. */
const MAX_HEADER = 512;
const MAX_PERCENT_SIGNS = 8;

/**
 * The position of the first `%FACILITY-SEVERITY-MNEMONIC` (Cisco System Message Format: facility, severity 0-7,
 * mnemonic) at or after `start`, or -1.
 */
export function findMnemonic(text: string, start: number): number {
  let at = text.indexOf('%', start);
  for (let seen = 0; seen < MAX_PERCENT_SIGNS && at >= 0 && at - start <= MAX_HEADER; seen++) {
    if (isMnemonic(text, at)) return at;
    at = text.indexOf('%', at + 1);
  }
  return -1;
}

/** `%SEC-6-IPACCESSLOGP`, `%ASA-session-3-106102`: words joined by dashes, one of them a single digit 0-7. */
function isMnemonic(text: string, at: number): boolean {
  if (!isUpper(text.charCodeAt(at + 1))) return false;
  for (let i = at + 2; i - at < 128; i++) {
    const code = text.charCodeAt(i);
    if (code === DASH) {
      const severity = text.charCodeAt(i + 1);
      if (severity >= 48 && severity <= 55 && text.charCodeAt(i + 2) === DASH) {
        const first = text.charCodeAt(i + 3);
        return isUpper(first) || isDigit(first);
      }
    } else if (!isUpper(code) && !isLower(code) && !isDigit(code) && code !== 95) return false;
  }
  return false;
}
