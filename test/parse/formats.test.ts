import { describe, expect, it } from 'vitest';
import { formats } from '../../src/parse/formats.ts';
import { parse, registrations } from '../../src/parse/index.ts';
import { decodeLine } from '../support/decode-line.ts';

describe('formats', () => {
  it('has an entry for every parser but those that find no attempts', () => {
    const names = registrations
      .map(({ parser }) => parser.name)
      .filter((name) => !['own', 'log-daemon'].includes(name));
    expect(formats.map(({ parser }) => parser).sort()).toEqual(names.sort());
  });

  it.each(formats.map((format) => [format.parser, format] as const))(
    '%s: the parser of that name reads the sample as an attempt',
    (name, { sample }) => {
      const message = decodeLine(sample);
      const { parser } = registrations.find((registration) => registration.parser.name === name)!;
      const attempt = { parser: name, source: { ip: '198.51.100.7' } };
      expect(parser.parse(message, { prefixes: [] })).toMatchObject({ kind: 'attempt', attempt });
      expect(parse(message, { prefixes: [] })).toEqual(parser.parse(message, { prefixes: [] }));
    },
  );
});
