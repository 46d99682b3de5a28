import { describe, expect, it } from 'vitest';
import { FORMS, type WebhookForm } from '../../../src/notify/webhook/forms.ts';
import type { Alert } from '../../../src/types.ts';
import { alertAbout } from '../../support/alert-with-incident.ts';
import { alert, T0 } from '../../support/notify.ts';

const URL_OF_HOOK = new URL('https://chat.example.net/hooks/knocks');

function sent(
  form: WebhookForm,
  of: Alert,
): { url: string; body: ReturnType<typeof JSON.parse>; octets: number } {
  const { url, body } = FORMS[form](of, URL_OF_HOOK, T0);
  return { url: url.href, body: JSON.parse(body), octets: Buffer.byteLength(body) };
}

/** What a stranger would like to have in our chat. */
const HOSTILE = alert({
  subject:
    '[knockwatch] <!channel> @everyone [click](https://evil.example) **now** <https://evil.example|here>',
  text: 'login of `</pre>```@everyone <@U1> [click](https://evil.example)\n{{7*7}} ${jndi:ldap://evil.example}',
});

describe('a stranger’s text means nothing to', () => {
  it('slack: plain text blocks, and no angle brackets where mrkdwn is read', () => {
    const { text, blocks } = sent('slack', HOSTILE).body;
    expect(text).not.toMatch(/[<>]/);
    expect(text).toContain('&lt;!channel&gt;');
    expect(blocks.map((block: { text: { type: string } }) => block.text.type)).toEqual([
      'plain_text',
      'plain_text',
    ]);
  });

  it('teams: text runs, which are not Markdown', () => {
    const [{ contentType, content }] = sent('teams', HOSTILE).body.attachments;
    expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(content.body.every((block: { type: string }) => block.type === 'RichTextBlock')).toBe(true);
    expect(JSON.stringify(content)).not.toContain('"TextBlock"');
  });

  it('discord: no mentions, no way out of the code block, a title without Markdown', () => {
    const { allowed_mentions, content, embeds } = sent('discord', HOSTILE).body;
    expect(allowed_mentions).toEqual({ parse: [] });
    expect(content).toBe('');
    expect(embeds[0].description.match(/```/g)).toHaveLength(2);
    expect(embeds[0].title).toContain('\\[click\\]\\(https\\://evil.example\\)');
  });

  it('ntfy: a message without Markdown', () => {
    const { url, body } = sent('ntfy', HOSTILE);
    expect(url).toBe('https://chat.example.net/hooks/');
    expect(body).toMatchObject({ topic: 'knocks', priority: 4, tags: ['high'] });
    expect(body.markdown).toBeUndefined();
  });
});

describe('every form holds the limits of its service for the longest alert', () => {
  const long = alertAbout({}, { subject: `[knockwatch] ${'(*'.repeat(90)}`, text: '😀`é\n'.repeat(100_000) });

  it('slack', () => {
    const { text, blocks } = sent('slack', long).body;
    expect(text.length).toBeLessThan(1_000);
    expect(blocks[0].text.text.length).toBeLessThanOrEqual(150);
    expect(blocks[1].text.text.length).toBeLessThanOrEqual(3_000);
  });

  it('teams', () => expect(sent('teams', long).octets).toBeLessThan(28_000));

  it('discord', () => {
    const [embed] = sent('discord', long).body.embeds;
    expect(embed.title.length).toBeLessThanOrEqual(256);
    expect(embed.description.length).toBeLessThanOrEqual(4_096);
  });

  it('ntfy', () => {
    const { message, title } = sent('ntfy', long).body;
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4_096);
    expect(title.length).toBeLessThanOrEqual(250);
    expect(message).not.toContain('\ufffd');
  });
});
