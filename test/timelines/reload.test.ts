import { describe, expect, it } from 'vitest';
import { between, denied, mail, Timeline } from '../support/timeline.ts';

/** New rules while the stream goes on: what is kept, and what is not (windows, incidents, names). */
const rules = (...entries: string[]) => `rules:\n${entries.join('')}`;
const probe = (
  id: string,
  { ports = 'imap', severity = 'medium', hosts = 3, title = 'A probe' } = {},
) => `  - id: ${id}
    title: ${title}
    severity: ${severity}
    watch: { hosts: 192.0.2.0/24, ports: [${ports}] }
    detect: { address-scan: { hosts: ${hosts}, within: 60s } }
`;
const STRANGER = '198.51.100.7';
const knock = (n: number, port = 143) => denied(STRANGER, `192.0.2.${n}`, port);
const OLD = rules(probe('old'));

describe('windows', () => {
  it('of an unchanged rule are kept when another rule is added, removed or moved in front of it', async () => {
    await new Timeline(rules(probe('old'), probe('other', { ports: 'http' })))
      .at(1)
      .send(knock(10), knock(11))
      .at(5)
      .reload(rules(probe('new', { ports: 'login' }), probe('old')))
      .at(9)
      .send(knock(12))
      .want(
        between(19, 19.5),
        mail({ reason: 'first-sight', text: ['192.0.2.10', '192.0.2.11', '192.0.2.12'] }),
      )
      .run(60);
  });

  it('are kept when only what is said about the rule changes', async () => {
    await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11))
      .at(5)
      .reload(rules(probe('old', { severity: 'critical', title: 'Worse' })))
      .at(9)
      .send(knock(12))
      .want(between(19, 19.5), mail({ text: ['severity critical', 'Worse'] }))
      .run(60);
  });

  it('begin anew when the rule watches something else', async () => {
    await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11))
      .at(5)
      .reload(rules(probe('old', { ports: 'imap, http' })))
      .at(9)
      .send(knock(12))
      .run(60);
  });

  it('begin anew when the rule asks for something else', async () => {
    await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11))
      .at(5)
      .reload(rules(probe('old', { hosts: 2 })))
      .at(9)
      .send(knock(12))
      .at(11)
      .send(knock(13))
      .want(between(21, 21.5), mail({ text: ['192.0.2.12', '192.0.2.13'] }))
      .run(60);
  });

  it('a reload between every two lines changes nothing', async () => {
    const timeline = new Timeline(OLD);
    for (let i = 0; i < 5; i++)
      timeline
        .at(i + 1)
        .send(knock(10 + i))
        .at(i + 1.5)
        .reload(OLD);
    const rig = await timeline
      .want(between(13, 13.5), mail({ reason: 'first-sight', subject: 'imap on 5 of 256' }))
      .run(60);
    expect([...rig.incidents.values()]).toHaveLength(1);
  });
});

describe('incidents', () => {
  it('a rule that is removed while its mail waits is mailed about under its old name', async () => {
    await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(6)
      .reload(rules(probe('new', { ports: 'http' })))
      .want(between(11, 11.5), mail({ reason: 'first-sight', text: ['rule old (A probe)'] }))
      .run(60);
  });

  it('an incident of a removed rule stays open until it is quiet, and its last mail bears the old name', async () => {
    const rig = await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(20)
      .send(knock(13))
      .at(30)
      .reload(rules(probe('new', { ports: 'http' })))
      .want(between(11, 11.5), mail({ reason: 'first-sight' }))
      .want(between(920, 926), mail({ reason: 'closing-summary', text: ['rule old (A probe)'] }))
      .run(1_000);
    expect(rig.pipeline.incidents()).toEqual([]);
    expect(rig.pipeline.rule('old')?.id).toBe('old');
  });

  it('a removed rule counts nothing more', async () => {
    const rig = await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(5)
      .reload(rules(probe('new', { ports: 'http' })))
      .at(6)
      .send(knock(13))
      .want(between(11, 11.5), mail({ reason: 'first-sight' }))
      .run(60);
    expect(rig.pipeline.incidents().map(({ count }) => count)).toEqual([3]);
  });

  it('a rule whose incident is closed is forgotten with the next reload', async () => {
    const rig = await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(5)
      .reload(rules(probe('new', { ports: 'http' })))
      .at(1_100)
      .reload(rules(probe('new', { ports: 'http' })))
      .want(between(11, 11.5), mail({ reason: 'first-sight' }))
      .run(1_200);
    expect(rig.pipeline.rule('old')).toBeUndefined();
  });

  it('a scan that goes on under a changed rule stays one incident: no second mail', async () => {
    const rig = await new Timeline(OLD)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(20)
      .reload(rules(probe('old', { ports: 'imap, http' })))
      .at(25)
      .send(knock(20), knock(21), knock(22), knock(23))
      .want(between(11, 11.5), mail({ reason: 'first-sight' }))
      .run(300);
    expect(rig.pipeline.incidents().map(({ count }) => count)).toEqual([7]);
  });

  it('what waits for the digest is told under the old name of its rule', async () => {
    const budget = { perChannel: { mails: 1, perMs: 600_000 }, perSource: { mails: 4, perMs: 600_000 } };
    const rig = await new Timeline(OLD, budget)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .at(2)
      .send(...[10, 11, 12].map((n) => denied('203.0.113.9', `192.0.2.${n}`, 143)))
      .at(20)
      .reload(rules(probe('new', { ports: 'http' })))
      .want(between(11, 11.5), mail({ reason: 'first-sight' }))
      .want(
        between(600, 620),
        mail({ reason: 'digest', subject: '1 incident from 1 source', text: ['203.0.113.9 tried imap'] }),
      )
      .run(700);
    expect(rig.incidents.size).toBe(2);
  });
});
