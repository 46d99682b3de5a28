import { describe, expect, it } from 'vitest';
import { between, denied, mail, Timeline } from '../support/timeline.ts';

const PROBE = `rules:
  - id: probe
    severity: medium
    watch: { hosts: 192.0.2.0/24, ports: [imap, http] }
    detect: { address-scan: { hosts: 3, within: 60s } }
`;
const STRANGER = '198.51.100.7';
const host = (n: number) => `192.0.2.${n}`;
const knock = (n: number, port = 143, source = STRANGER) => denied(source, host(n), port);

describe('settle', () => {
  it('a sweep is one mail, ten seconds after it became one, with all of it in the mail', async () => {
    // The third host makes it a probe in second 3; two more follow while the mail waits.
    await new Timeline(PROBE)
      .at(1)
      .send(knock(10))
      .at(2)
      .send(knock(11))
      .at(3)
      .send(knock(12))
      .at(6)
      .send(knock(13))
      .at(9)
      .send(knock(14))
      .want(
        between(13, 13.5),
        mail({
          reason: 'first-sight',
          subject: 'tried imap on 5 of 256 watched hosts',
          text: [host(13), host(14)],
        }),
      )
      .run(60);
  });

  it('a rule that asks for no wait is mailed at once, but for the lateness of lines', async () => {
    await new Timeline(`${PROBE}    settle: 0s\n`)
      .at(1)
      .send(knock(10), knock(11), knock(12))
      .want(between(3, 3.5), mail({ reason: 'first-sight' }))
      .run(60);
  });

  it('a sweep in a log that comes five minutes late waits for its rest all the same', async () => {
    const late = (n: number) => (atMs: number) => knock(n)(atMs - 300_000);
    await new Timeline(PROBE)
      .at(1)
      .send(late(10), late(11), late(12))
      .at(6)
      .send(late(13), late(14))
      .want(between(9, 12), mail({ reason: 'first-sight', subject: 'tried imap on 5 of 256 watched hosts' }))
      .run(60);
  });

  it('two hosts are a typo: no mail, ever', async () => {
    await new Timeline(PROBE).at(1).send(knock(10), knock(11)).at(3).send(knock(11)).run(1_200);
  });
});

describe('two rules that one sweep meets at once', () => {
  it('are one mail, about the graver, whichever comes first in the files', async () => {
    const graver = PROBE.replace('rules:\n', '').replace('id: probe', 'id: graver').replace('medium', 'high');
    for (const rules of [`${PROBE}${graver}`, `rules:\n${graver}${PROBE.replace('rules:\n', '')}`])
      await new Timeline(rules)
        .at(3)
        .send(knock(10), knock(11), knock(12))
        .want(between(13, 13.5), mail({ reason: 'first-sight', text: ['rule graver', 'severity high'] }))
        .run(2_000);
  });
});

describe('two rules that one sweep meets one after the other', () => {
  /** Watches two of the hosts only, so that it opens first. */
  const narrow = `rules:
  - id: narrow
    severity: medium
    watch: { hosts: [${host(10)}, ${host(11)}], ports: [imap] }
    detect: { address-scan: { hosts: 2, within: 60s } }
`;
  const wide = PROBE.replace('rules:\n', '').replace('id: probe', 'id: wide');
  const sweep = (rules: string) =>
    new Timeline(rules)
      .at(1)
      .send(knock(10))
      .at(2)
      .send(knock(11))
      .at(3)
      .send(knock(12))
      .at(5)
      .send(knock(13));

  it('are one mail when the first of them is due, about the one on more hosts', async () => {
    await sweep(`${narrow}${wide}`)
      .want(
        between(12, 12.5),
        mail({ reason: 'first-sight', subject: 'tried imap on 4 of 256 watched hosts', text: ['rule wide'] }),
      )
      .run(2_000);
  });

  it('are one mail about the graver, when that is the graver', async () => {
    await sweep(`${narrow.replace('medium', 'high')}${wide}`)
      .want(between(12, 12.5), mail({ reason: 'first-sight', text: ['rule narrow', 'severity high'] }))
      .run(2_000);
  });
});

describe('escalation', () => {
  it('ten times what the rule asks for is one level more severe, and one more mail in the same thread', async () => {
    // The first mail goes at 13 s; host number 30 is tried at 40 s.
    const rig = await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(40)
      .send(...Array.from({ length: 27 }, (_, i) => knock(20 + i)))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .want(between(42, 42.5), mail({ reason: 'escalated', subject: 'Escalated to high' }))
      .run(120);
    const [first, second] = rig.channel.sent.map(({ alert }) => alert);
    expect(second!.threadId).toBe(first!.threadId);
  });

  it('a scan that is that large before the first mail is mailed once, at the higher level', async () => {
    await new Timeline(PROBE)
      .at(3)
      .send(...Array.from({ length: 30 }, (_, i) => knock(10 + i)))
      .want(between(13, 13.5), mail({ reason: 'first-sight', text: ['severity high'] }))
      .run(120);
  });

  it('a scan that goes on and on stays one mail and one escalation', async () => {
    const timeline = new Timeline(PROBE).at(3).send(knock(1), knock(2), knock(3));
    for (let second = 20; second < 600; second += 4) timeline.at(second).send(knock(4 + (second - 20) / 4));
    await timeline
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .want(between(100, 200), mail({ reason: 'escalated' }))
      .run(700);
  });
});

describe('a scan and then passwords', () => {
  const LOGINS = `${PROBE}  - id: logins
    severity: low
    watch: { hosts: any, ports: any, kinds: [login] }
    detect: { repeat: { count: 5, within: 60s } }
`;
  const failed = (source: string) => (atMs: number) =>
    `<38>1 ${new Date(atMs).toISOString()} lisa sshd 411 - - Failed password for root from ${source} port 4022 ssh2`;

  it('is a second mail, graver than that about the scan, though the rule for logins is mild', async () => {
    await new Timeline(LOGINS)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .want(between(13, 13.5), mail({ reason: 'first-sight', subject: 'Probe' }))
      .at(60)
      .send(...Array.from({ length: 5 }, () => failed(STRANGER)))
      .want(
        between(70, 73),
        mail({
          reason: 'first-sight',
          text: ['address-scan to login attempts, so one level more severe than either'],
        }),
      )
      .run(300);
  });

  it('by somebody else is no more than it was', async () => {
    const rig = await new Timeline(LOGINS)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .want(between(13, 13.5), mail({ reason: 'first-sight', subject: 'Probe' }))
      .at(60)
      .send(...Array.from({ length: 5 }, () => failed('203.0.113.9')))
      .want(between(70, 73), mail({ reason: 'first-sight', subject: '203.0.113.9' }))
      .run(300);
    expect([...rig.incidents.values()].map(({ severity }) => severity)).toEqual(['medium', 'low']);
  });
});

describe('quiet', () => {
  it('fifteen silent minutes end an incident, and nothing new means no last mail', async () => {
    const rig = await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .run(1_000);
    expect([...rig.incidents.values()].map(({ state }) => state)).toEqual(['closed']);
  });

  it('what came after the first mail is told in a closing summary', async () => {
    await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(50)
      .send(knock(13))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .want(
        between(950, 956),
        mail({
          reason: 'closing-summary',
          subject: 'Closed: ',
          text: ['1 packet and 1 target more', 'It is over'],
        }),
      )
      .run(1_200);
  });

  it('one knock within the quarter of an hour keeps the incident open', async () => {
    const rig = await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(850)
      .send(knock(12))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .run(1_700);
    expect([...rig.incidents.values()].map(({ count }) => count)).toEqual([3]);
    expect(rig.pipeline.incidents().map(({ count, state }) => ({ count, state }))).toEqual([
      { count: 4, state: 'quiet' },
    ]);
  });

  it('the same stranger an hour later is a new incident and a new mail', async () => {
    const rig = await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(3_600)
      .send(knock(10), knock(11), knock(12))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .want(between(3_610, 3_611), mail({ reason: 'first-sight' }))
      .run(3_700);
    expect(rig.incidents.size).toBe(2);
  });

  it('a rule may call it quiet sooner, but never within its own window', async () => {
    const rig = await new Timeline(`${PROBE}    quiet: 5s\n`)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(50)
      .send(knock(13))
      .want(between(13, 13.5), mail({ reason: 'first-sight' }))
      .want(between(110, 116), mail({ reason: 'closing-summary' }))
      .run(200);
    expect(rig.incidents.size).toBe(1);
  });
});

describe('one story', () => {
  it('a second port of the same stranger joins the incident and is no mail of its own', async () => {
    await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(5)
      .send(knock(10, 80), knock(11, 80), knock(12, 80))
      .want(between(13, 13.5), mail({ reason: 'first-sight', text: ['imap', 'http'] }))
      .run(300);
  });

  it('another stranger is another incident and another mail', async () => {
    await new Timeline(PROBE)
      .at(3)
      .send(knock(10), knock(11), knock(12))
      .at(4)
      .send(...[10, 11, 12].map((n) => knock(n, 143, '203.0.113.9')))
      .want(between(13, 13.5), mail({ subject: STRANGER }))
      .want(between(14, 14.5), mail({ subject: '203.0.113.9' }))
      .run(300);
  });
});

describe('budget', () => {
  it('what is beyond three mails an hour goes into one digest with the exact number', async () => {
    const timeline = new Timeline(PROBE, {
      perChannel: { mails: 4, perMs: 3_600_000 },
      perSource: { mails: 4, perMs: 3_600_000 },
    });
    for (let i = 0; i < 10; i++)
      timeline.at(10 + i).send(...[10, 11, 12].map((n) => knock(n, 143, `203.0.113.${i + 1}`)));
    for (let i = 0; i < 3; i++) timeline.want(between(20, 23), mail({ reason: 'first-sight' }));
    await timeline
      .want(between(3_600, 3_640), mail({ reason: 'digest', subject: 'Digest: 7 incidents from 7 sources' }))
      .run(7_300);
  });
});
