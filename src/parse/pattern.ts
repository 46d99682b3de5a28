import { canonicalIp } from '../lib/ip.ts';
import { compileLinear, type LinearRegex } from '../lib/linear-regex.ts';
import { servicePorts } from '../lib/services.ts';
import type { Pattern, PatternGroup } from '../rule.ts';
import type { Endpoint, SyslogMessage } from '../types.ts';
import { decimal, UINT16, UINT32 } from './decimal.ts';
import type { AttemptDraft } from './draft.ts';
import { remoteEnd, strangersText } from './host-line.ts';
import type { ParseResult, Patterns } from './parser.ts';

/** A line is looked at so far. Strangers choose how long their part of it is, so no longer line is believed. */
const MAX_SCANNED = 8_192;

interface Compiled {
  readonly pattern: Pattern;
  readonly regex: LinearRegex;
  readonly contains: string | undefined;
}

type Fields = ReadonlyMap<string, string>;

/**
 * The site's own kinds of lines (rules, `patterns:`), compiled: the first that matches makes the attempt. An expression sees
 * the line without its PRI, header and tag included, up to 8,192 characters; a longer line that it matches is malformed, for
 * the match may end where the line was cut. Throws for an expression that does not compile; the rule loader has refused those.
 */
export function compilePatterns(patterns: readonly Pattern[]): Patterns {
  const compiled = patterns.map((pattern): Compiled => {
    const result = compileLinear(pattern.regex);
    if (!result.ok) throw new SyntaxError(`pattern ${pattern.id}: ${result.message}: ${result.part}`);
    return { pattern, regex: result.regex, contains: pattern.contains ?? result.regex.literal };
  });
  return {
    parse(message) {
      const text = message.text.slice(0, MAX_SCANNED);
      for (const { pattern, regex, contains } of compiled) {
        if (contains !== undefined && !text.includes(contains)) continue;
        const fields = regex.find(text);
        if (fields === undefined) continue;
        return text.length < message.text.length
          ? malformed(`pattern ${pattern.id}: the line is longer than is looked at`)
          : read(pattern, fields, message);
      }
      return undefined;
    },
  };
}

function read(pattern: Pattern, fields: Fields, message: SyslogMessage): ParseResult {
  const field = (name: PatternGroup) => fields.get(name);
  const source = sourceOf(fields, message);
  if (source === undefined) {
    return fields.has('source')
      ? malformed(`pattern ${pattern.id}: the source is no host`)
      : ignored(`pattern ${pattern.id} names no source, and the line comes from no address`);
  }
  const transport = field('transport')?.toLowerCase() ?? pattern.transport;
  const port = portOf(field('port'), transport) ?? pattern.port;
  const count = field('count') === undefined ? 1 : decimal(field('count')!, UINT32);
  if (port === -1 || count < 1) return malformed(`pattern ${pattern.id}: a port or count that is none`);
  const destination = field('destination') === undefined ? {} : remoteEnd(field('destination')!);
  if (destination === undefined) return malformed(`pattern ${pattern.id}: the destination is no host`);

  const draft: AttemptDraft = {
    kind: pattern.kind,
    action: pattern.action,
    parser: 'pattern',
    vendor: 'site',
    product: pattern.id,
    rule: pattern.id,
    source,
    destination: { ...destination, ...(port === undefined ? {} : { port }) },
    count,
  };
  if (transport !== undefined && /^[a-z][a-z0-9-]{0,31}$/.test(transport)) draft.transport = transport;
  const service = field('service') ?? pattern.service;
  if (service) draft.service = strangersText(service);
  if (field('user')) draft.user = strangersText(field('user')!);
  if (field('path')) draft.path = strangersText(field('path')!);
  if (field('host')) draft.hostname = strangersText(field('host')!);
  return { kind: 'attempt', attempt: draft };
}

/** Without a group for it: who logged the line, where that is an address. */
function sourceOf(fields: Fields, message: SyslogMessage): Endpoint | undefined {
  const source = fields.get('source');
  if (source !== undefined) return remoteEnd(source.replace(/^\[(.*)\]$/, '$1'), fields.get('sourcePort'));
  const ip = message.hostname === undefined ? undefined : canonicalIp(message.hostname);
  return ip === undefined ? undefined : { ip };
}

/** A number, or a service with one port; -1 when it is neither. */
function portOf(text: string | undefined, transport: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d/.test(text)) return decimal(text, UINT16);
  const [first] = (servicePorts(text) ?? []).filter((port) => (port.transport ?? transport) === transport);
  return first?.from ?? -1;
}

function ignored(reason: string): ParseResult {
  return { kind: 'ignored', parser: 'pattern', reason };
}

function malformed(reason: string): ParseResult {
  return { kind: 'malformed', parser: 'pattern', reason };
}
