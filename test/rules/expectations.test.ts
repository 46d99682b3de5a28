import { describe, expect, it } from 'vitest';
import { differences, expectationOf, writeExpectation } from '../../src/rules/expectations.ts';
import { incident, target } from '../support/notify.ts';

const imap = incident();
const http = incident({
  id: 'x2',
  ports: [80],
  targets: [target('192.0.2.10', 80, 0), target('192.0.2.11', 80, 0)],
  count: 7,
  sources: ['203.0.113.9'],
});

describe('differences()', () => {
  it('finds none when every incident is wanted and every wanted one is there, in any order', () => {
    expect(differences([], [])).toEqual([]);
    expect(
      differences(
        [
          { kind: 'address-scan', port: 80 },
          { kind: 'address-scan', port: 143, hosts: 3 },
        ],
        [imap, http],
      ),
    ).toEqual([]);
  });

  it('an incident nobody wanted is one, and so is a wanted one that is not there', () => {
    expect(differences([], [imap])).toEqual([{ got: imap }]);
    const expected = { kind: 'address-scan' } as const;
    expect(differences([expected], [])).toEqual([{ expected, because: ['there was no such incident'] }]);
  });

  it('each incident stands for one expectation only', () => {
    const twice = [{ kind: 'address-scan' }, { kind: 'address-scan' }] as const;
    expect(differences(twice, [imap])).toHaveLength(1);
    expect(differences(twice, [imap, http])).toEqual([]);
  });

  it('a vague expectation does not take the only incident of a precise one', () => {
    expect(
      differences([{ kind: 'address-scan' }, { kind: 'address-scan', port: 143 }], [imap, http]),
    ).toEqual([]);
    expect(differences([{ kind: 'address-scan' }, { kind: 'address-scan', port: 80 }], [http, imap])).toEqual(
      [],
    );
    expect(
      differences(
        [{ kind: 'address-scan' }, { kind: 'address-scan', count: 7 }, { kind: 'address-scan' }],
        [http, imap, http],
      ),
    ).toEqual([]);
  });

  it('says of the likeliest incident what is wrong with it', () => {
    const expected = { kind: 'address-scan', port: 143, hosts: 4, source: '198.51.100.7', count: 3 } as const;
    expect(differences([expected], [http, imap])).toEqual([
      { expected, got: imap, because: ['hosts is 3, not 4'] },
      { got: http },
    ]);
    const other = { kind: 'port-scan', port: 25, hosts: 3, source: '192.0.2.1', count: 9 } as const;
    expect(differences([other], [imap])).toMatchObject([
      {
        because: [
          'kind is address-scan',
          'port 25 is not among its ports',
          '192.0.2.1 is not among its sources',
          'count is 3, not 9',
        ],
      },
    ]);
  });
});

describe('expectationOf()', () => {
  it('is met by its own incident, and reads as it is written in a rule file', () => {
    for (const one of [imap, http]) expect(differences([expectationOf(one)], [one])).toEqual([]);
    expect(writeExpectation(expectationOf(imap))).toBe(
      '{ kind: address-scan, port: 143, hosts: 3, source: 198.51.100.7, count: 3 }',
    );
  });

  it('leaves out a port where there is none', () => {
    expect(expectationOf(incident({ ports: [] }))).not.toHaveProperty('port');
  });
});
