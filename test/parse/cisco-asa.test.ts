import { describe, expect, it } from 'vitest';
import { ciscoAsa } from '../../src/parse/cisco-asa.ts';
import { ASA_MESSAGES, asaNotice } from '../../src/parse/cisco-asa-messages.ts';
import { portNumber } from '../../src/parse/cisco-ports.ts';
import { bareMessage } from '../support/bare-message.ts';
import { readLineFixtures, runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('cisco-asa', (line) => ciscoAsa.parse(bareMessage(line), { prefixes: [] }));

describe('ASA_MESSAGES', () => {
  const read = readLineFixtures('fixtures/lines/cisco-asa.log').filter(
    ({ expectation }) => 'action' in expectation,
  );

  it.each([...ASA_MESSAGES.keys()])('%s has a sample that is read', (id) => {
    expect(read.some(({ line }) => line.includes(`-${id}`))).toBe(true);
  });
});

describe('asaNotice() says what a message is', () => {
  it.each([
    ['400000', 'signature'],
    ['400051', 'signature'],
    ['400052', 'reports no connection attempt'],
    ['401005', 'shunned hosts'],
    ['430004', 'file or malware'],
    ['733105', 'shun notice'],
  ])('%s', (id, words) => expect(asaNotice(id)).toContain(words));
});

describe('portNumber() reads', () => {
  it.each([
    ['0', 0],
    ['65535', 65535],
    ['65536', -1],
    ['022', -1],
    ['', -1],
    ['ssh', 22],
    ['WWW', 80],
    ['imap4', 143],
    ['netbios-ssn', 139],
    ['login', 513],
    ['constructor', -1],
  ])('%s', (text, port) => expect(portNumber(text)).toBe(port));
});
