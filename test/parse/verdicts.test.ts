import { expect, it } from 'vitest';
import { actionOf, actionOfPhrase, actionOfPrefix } from '../../src/parse/verdicts.ts';

it.each([
  ['deny', undefined, 'denied'],
  ['Blocked', undefined, 'denied'],
  ['PERMITTED', undefined, 'allowed'],
  ['count', undefined, 'unknown'],
  ['', undefined, 'unknown'],
  [undefined, undefined, 'unknown'],
  ['constructor', undefined, 'unknown'],
  ['close', undefined, 'unknown'],
  ['close', 'fortigate-traffic', 'allowed'],
  ['deny', 'fortigate-traffic', 'denied'],
  ['detected', 'fortigate-attack', 'allowed'],
  ['reset', 'fortigate-attack', 'denied'],
  ['Tunnel', 'netscreen', 'allowed'],
  ['reset-both', 'palo-alto', 'denied'],
  ['allow', 'palo-alto', 'allowed'],
  ['syncookie-sent', 'palo-alto', 'unknown'],
  ['D', 'netfilter-letter', 'denied'],
  ['est-allowed', 'cisco-asa', 'allowed'],
] as const)('%s of %s is %s', (word, dialect, action) => expect(actionOf(word, dialect)).toBe(action));

it.each([
  ['drop-tcp', 'denied'],
  ['TCP connection dropped', 'denied'],
  ['[UFW ALLOW]', 'allowed'],
  ['drop, do not accept', 'unknown'],
  ['drop and deny', 'denied'],
  ['backdrop', 'unknown'],
  ['wan input', 'unknown'],
])('%s says %s', (phrase, action) => expect(actionOfPhrase(phrase)).toBe(action));

it('the site knows its prefixes best, the longest first', () => {
  const site = [
    { prefix: 'wan', action: 'denied' },
    { prefix: 'wan-ok ', action: 'allowed' },
    { prefix: '', action: 'unknown' },
  ] as const;
  expect(['wan input', 'wan-ok input', '', 'lan'].map((prefix) => actionOfPrefix(prefix, site))).toEqual([
    'denied',
    'allowed',
    'unknown',
    undefined,
  ]);
});
