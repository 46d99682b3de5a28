import { visible } from '../lib/escape.ts';

const MAX_TEXT_LINES = 64;
const MAX_TEXT_BYTES = 8 * 1024;
const MAX_LINE = 200;

/**
 * Text of somebody else as lines that can be shown anywhere: line ends of every kind become LF, everything unsafe is escaped,
 * trailing space and repeated empty lines go; at most 64 lines and 8 KiB, and it says when something was left out.
 */
export function cleanText(text: string, maxLines = MAX_TEXT_LINES, maxBytes = MAX_TEXT_BYTES): string {
  const lines: string[] = [];
  let bytes = 0;
  let left = 0;
  for (const raw of text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)) {
    const line = visible(raw.replaceAll('\t', '  ').trimEnd(), MAX_LINE);
    if (line === '' && (lines.length === 0 || lines.length >= maxLines || lines.at(-1) === '')) continue;
    bytes += Buffer.byteLength(line) + 1;
    if (lines.length >= maxLines || bytes > maxBytes) left++;
    else lines.push(line);
  }
  while (lines.at(-1) === '') lines.pop();
  if (left > 0) lines.push(`(${left} more lines left out)`);
  return lines.join('\n');
}

/**
 * Mail addresses as they can safely stand in a draft: a plain local part, a host name with a dot. Anything else (quoted parts,
 * comments, display names, control characters) is no address here.
 */
export function plainMailbox(text: string): string | undefined {
  const candidate = text.trim();
  if (candidate.length > 254) return undefined;
  const match = /^([a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})$/i.exec(
    candidate,
  );
  if (match === null || /^\.|\.\.|\.$/.test(match[1]!) || !isHostName(match[2]!)) return undefined;
  return candidate;
}

/** Whether text is a host name: letters, digits, hyphens (RFC 952, RFC 1123 2.1), at most 253 characters. */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  return text.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}
