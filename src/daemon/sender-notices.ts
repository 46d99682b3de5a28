import type { Notice } from '../notify/notice.ts';
import type { SenderEvent } from './sender-health.ts';

interface Wording {
  readonly severity: Notice['severity'];
  readonly one: (event: SenderEvent) => string;
  readonly several: (count: number) => string;
  readonly because: string;
  readonly advice: readonly string[];
}

const WORDS: Readonly<Record<SenderEvent['kind'], Wording>> = {
  'sender-quiet': {
    severity: 'medium',
    one: ({ sender }) => `Quiet: ${sender} has stopped sending`,
    several: (count) => `Quiet: ${count} senders have stopped sending`,
    because: 'the configuration says how often these senders should be heard of (`expect`)',
    advice: [
      'See whether the device is up and reachable, and whether it still logs to this machine.',
      'Until it is heard again, nobody watches what it blocks. An intruder who turns logging off looks like this, too.',
    ],
  },
  'sender-unparsed': {
    severity: 'medium',
    one: ({ sender }) => `Not understood: the lines of ${sender} can hardly be read any more`,
    several: (count) => `Not understood: the lines of ${count} senders can hardly be read any more`,
    because: 'most lines of these senders were understood before, and are not now',
    advice: [
      'A new firmware, a new log format or a new log prefix does this. `knockwatch parse` tells what each line is read as.',
      'Until it is mended, most of what these senders block goes unnoticed.',
    ],
  },
  'sender-recovered': {
    severity: 'low',
    one: ({ sender }) => `Recovered: ${sender}`,
    several: (count) => `Recovered: ${count} senders`,
    because: 'an alarm about these senders was raised before, and is over',
    advice: ['Nothing. What was blocked meanwhile was not seen here.'],
  },
};

/** What happened to senders as notices for people: one for each kind, however many senders it befell. */
export function senderNotices(events: readonly SenderEvent[], atMs: number): Notice[] {
  return (Object.keys(WORDS) as SenderEvent['kind'][]).flatMap((kind): Notice[] => {
    const alike = events.filter((event) => event.kind === kind);
    const [first] = alike;
    if (first === undefined) return [];
    const { severity, one, several, because, advice } = WORDS[kind];
    return [
      {
        reason: kind,
        severity,
        headline: alike.length === 1 ? one(first) : several(alike.length),
        sentences: alike.map(({ sentence }) => sentence),
        lines: alike.flatMap(({ sample }) => sample ?? []),
        advice,
        because,
        atMs,
      },
    ];
  });
}
