import { alertToEcs } from '../../lib/ecs.ts';
import { jsonLine } from '../../lib/escape.ts';
import type { Alert, Severity } from '../../types.ts';
import { severityRank } from '../severity.ts';

/** What a service wants to be sent. */
export type WebhookForm = 'json' | 'slack' | 'teams' | 'discord' | 'ntfy';

/** A request's body, and the address it goes to (ntfy takes JSON at another path than text). */
export interface WebhookRequest {
  readonly url: URL;
  readonly body: string;
}

/**
 * An alert in the words of each service. A stranger wrote part of the text: it goes where the service takes plain text, so
 * that nothing in it becomes a link, a mention or bold.
 */
export const FORMS: Readonly<Record<WebhookForm, (alert: Alert, url: URL, nowMs: number) => WebhookRequest>> =
  {
    json: (alert, url, nowMs) => ({ url, body: jsonLine(alertToEcs(alert, nowMs)) }),
    slack: (alert, url) => ({ url, body: JSON.stringify(slack(alert)) }),
    teams: (alert, url) => ({ url, body: JSON.stringify(teams(alert)) }),
    discord: (alert, url) => ({ url, body: JSON.stringify(discord(alert)) }),
    ntfy: (alert, url) => ({ url: new URL('.', url), body: JSON.stringify(ntfy(alert, url)) }),
  };

/** docs.slack.dev, "Block Kit": `plain_text` is not read as mrkdwn; a header has 150 characters, a section 3,000. */
function slack(alert: Alert): object {
  return {
    // Shown in notifications and read as mrkdwn, where these three characters make links and mentions.
    text: alert.subject.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(alert.subject, 150), emoji: false } },
      { type: 'section', text: { type: 'plain_text', text: cut(alert.text, 3_000), emoji: false } },
    ],
  };
}

/**
 * A Teams workflow ("When a Teams webhook request is received") posts the first card it is sent. Text runs are not read as
 * Markdown (adaptivecards.io, TextRun); a message may have 28 KB.
 */
function teams(alert: Alert): object {
  const block = (text: string, style: object) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...style }],
  });
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      block(cut(alert.subject, 300), {
        weight: 'Bolder',
        size: 'Medium',
        color: severityRank(alert.severity) > 1 ? 'Attention' : 'Default',
      }),
      ...paragraphs(cut(alert.text, 6_000)).map((text) =>
        block(text, { fontType: 'Monospace', size: 'Small' }),
      ),
    ],
  };
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
  return { type: 'message', attachments: [attachment] };
}

/** Teams drops line ends inside a run, so each line is a block of its own; a card has room for so many. */
function paragraphs(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 80);
}

/** Colours of the strip beside an embed. */
const COLOURS: Readonly<Record<Severity, number>> = {
  low: 0x808080,
  medium: 0xd0a000,
  high: 0xd06000,
  critical: 0xc00000,
};

/** discord.com/developers, "Execute Webhook": no mentions; a title has 256 characters, a description 4,096. */
function discord(alert: Alert): object {
  // Three back quotes would end the block, and what follows would be Markdown.
  const text = cut(alert.text, 4_000).replaceAll('```', "'''");
  return {
    content: '',
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: markdownEscaped(cut(alert.subject, 120)),
        description: `\`\`\`\n${text}\n\`\`\``,
        color: COLOURS[alert.severity],
      },
    ],
  };
}

/** Discord's titles are read as Markdown; a backslash takes the meaning from a sign. At most doubles the length. */
function markdownEscaped(text: string): string {
  return text.replace(/[\\*_~`|<>[\]():@#]/g, '\\$&');
}

/** docs.ntfy.sh, "Publish as JSON": a message beyond 4,096 octets would become an attachment; priority 3 is the middle. */
function ntfy(alert: Alert, url: URL): object {
  return {
    topic: topicOf(url),
    title: cut(alert.subject, 250),
    message: cutOctets(alert.text, 3_900),
    priority: severityRank(alert.severity) + 2,
    tags: [alert.severity],
  };
}

/** `https://ntfy.example.net/topic`: the last part of the path. */
export function topicOf(url: URL): string {
  return url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function cutOctets(text: string, max: number): string {
  const octets = Buffer.from(text);
  return octets.length <= max
    ? text
    : `${octets
        .subarray(0, max)
        .toString('utf8')
        .replace(/\ufffd$/, '')}…`;
}
