import { describe, expect, it } from 'vitest';
import { incidentsOf, rule, threeHosts } from '../support/correlate.ts';
import { hit } from '../support/hits.ts';

const S = '198.51.100.7';
const scan = [10, 20, 30].map((n, i) => hit(S, `192.0.2.${n}`, 143, i * 5));
const by = (
  each: (typeof scan)[number],
  observer: { address: string; hostname?: string },
  packet?: { ipId: number },
) => ({
  ...each,
  attempt: { ...each.attempt, observer, ...(packet === undefined ? {} : { packet }) },
});

describe('one packet reported twice counts once', () => {
  it('by the router and by its relay, and both are named', () => {
    const both = scan.flatMap((each) => [each, by(each, { address: '192.0.2.2', hostname: 'relay' })]);
    const [incident] = incidentsOf([rule([threeHosts])], both);
    expect(incident).toMatchObject({ count: 3, lineCount: 6 });
    expect(incident!.observers.map(({ hostname }) => hostname)).toEqual(['gw1', 'relay']);
  });

  it('by two routers whose lines come out of one file, or through one relay', () => {
    const both = scan.flatMap((each) => [each, by(each, { ...each.attempt.observer, hostname: 'gw2' })]);
    const [incident] = incidentsOf([rule([threeHosts])], both);
    expect(incident).toMatchObject({ count: 3, lineCount: 6 });
  });

  it('by two chains of one firewall: the IP id is the same', () => {
    const twice = scan.flatMap((each) => [1, 2].map(() => by(each, each.attempt.observer, { ipId: 4_711 })));
    expect(incidentsOf([rule([threeHosts])], twice)).toMatchObject([{ count: 3 }]);
  });

  it('and two reports of one host are still one host', () => {
    const both = scan.slice(0, 2).flatMap((each) => [each, by(each, { address: '192.0.2.2' })]);
    expect(incidentsOf([rule([threeHosts])], both)).toEqual([]);
  });
});

describe('two packets stay two', () => {
  it.each([
    ['the same way without an IP id: a quick retry', scan.flatMap((each) => [each, each])],
    [
      'with other IP ids',
      scan.flatMap((each) => [
        by(each, each.attempt.observer, { ipId: 1 }),
        by(each, { address: '192.0.2.2' }, { ipId: 2 }),
      ]),
    ],
    [
      'three seconds apart',
      [
        ...scan,
        ...scan.map((each) =>
          by(
            { ...each, attempt: { ...each.attempt, atMs: each.attempt.atMs + 3_000 } },
            { address: '192.0.2.2' },
          ),
        ),
      ].toSorted((a, b) => a.attempt.atMs - b.attempt.atMs),
    ],
  ])('%s', (_, hits) => {
    expect(incidentsOf([rule([threeHosts])], hits)).toMatchObject([{ count: 6 }]);
  });
});
