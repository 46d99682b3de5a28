import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deframer } from '../../src/receive/framing.ts';

const MESSAGE =
  '<4>Nov 23 03:00:00 fw kernel: DENY SRC=203.0.113.9 DST=192.0.2.10 PROTO=TCP SPT=40000 DPT=143';
const GOOD = '<4>good';

interface Taken {
  readonly frames: [text: string, truncated: boolean][];
  readonly faults: string[];
}

/** What a deframer makes of a stream that comes in these pieces and then ends. */
function deframe(pieces: Iterable<string | Buffer>, maxBytes = 65_536, end = true): Taken {
  const taken: Taken = { frames: [], faults: [] };
  const deframer = new Deframer(maxBytes, (fault) => taken.faults.push(fault));
  const onFrame = (bytes: Buffer, truncated: boolean) => {
    taken.frames.push([bytes.toString('latin1'), truncated]);
  };
  for (const piece of pieces) {
    deframer.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, onFrame);
  }
  if (end) deframer.end(onFrame);
  return taken;
}

function whole(...texts: string[]): Taken {
  return { frames: texts.map((text) => [text, false]), faults: [] };
}

const counted = (text: string) => `${text.length} ${text}`;
const octets = (text: string) => text.split('');

describe('octet counting', () => {
  it('F1: two counted frames in one segment, and one octet a segment, are the same two frames', () => {
    const stream = counted(MESSAGE) + counted(MESSAGE);
    expect(deframe([stream], undefined, false)).toEqual(whole(MESSAGE, MESSAGE));
    expect(deframe(octets(stream), undefined, false)).toEqual(whole(MESSAGE, MESSAGE));
  });

  it('every octet of a counted frame is content: LF, CR, NUL and a forged message', () => {
    const message = '<4>first\n<4>forged\r\n\0 9 <4>forged';
    expect(deframe([counted(message), counted(GOOD)])).toEqual(whole(message, GOOD));
  });

  it('F2: a count too small costs that message, is counted, and the next line is right', () => {
    const stream = `40 ${MESSAGE}\n${GOOD}\n`;
    expect(deframe([stream])).toEqual({
      frames: [
        [MESSAGE.slice(0, 40), false],
        [MESSAGE.slice(40), false],
        [GOOD, false],
      ],
      faults: ['framing-error'],
    });
  });

  it('F3: a count too big delivers what came, flagged, when the stream ends', () => {
    expect(deframe([`500 ${MESSAGE}`])).toEqual({ frames: [[MESSAGE, true]], faults: ['incomplete-frame'] });
  });

  it.each([
    '214000000000 <120>text',
    '2000000010 <120>text',
    '4000000000 <120>text',
    '0 <120>text',
    '08 <120>text',
    '00000002 ab',
    '1q 0123456789',
    '100000000 too long',
    '-5 <120>text',
    '12  <120>text',
  ])('F4: %j is text up to LF, and the next line on the connection is right', (text) => {
    expect(deframe([`${text}\n${counted(GOOD)}`])).toEqual(whole(text, GOOD));
    expect(deframe(octets(`${text}\n${counted(GOOD)}`))).toEqual(whole(text, GOOD));
  });

  it('F4: nothing is allocated by the count', () => {
    const before = process.memoryUsage();
    const deframers = Array.from({ length: 200 }, () => new Deframer(8 << 20));
    for (const deframer of deframers) deframer.push(Buffer.from('8000000 <4>x'), () => {});
    const after = process.memoryUsage();
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(4 << 20);
    expect(deframers.every((deframer) => deframer.isPartial)).toBe(true);
  });

  it('F5: 200,000 digits are one cut line', () => {
    const digits = '7'.repeat(200_000);
    const { frames, faults } = deframe([digits, `\n${GOOD}\n`]);
    expect(frames).toEqual([
      ['7'.repeat(65_536), true],
      [GOOD, false],
    ]);
    expect(faults).toEqual(['frame-too-long']);
  });

  it('F6: a count above the limit that is a lie ends at LF', () => {
    expect(deframe([`1005 <120>short\n${GOOD}\n`], 100)).toEqual({
      frames: [
        ['<120>short', true],
        [GOOD, false],
      ],
      faults: ['frame-too-long'],
    });
  });

  it('F6: a count above the limit that is honest is cut, and what follows it is right', () => {
    const long = `<120>${'A'.repeat(995)}`;
    expect(deframe([counted(long) + counted(GOOD)], 100)).toEqual({
      frames: [
        [long.slice(0, 100), true],
        [GOOD, false],
      ],
      faults: ['frame-too-long'],
    });
  });

  it('a frame of exactly the limit is whole', () => {
    const text = `<4>${'A'.repeat(97)}`;
    expect(deframe([counted(text), `${text}\n`], 100)).toEqual(whole(text, text));
  });

  it('F7: counted, line, counted on one connection', () => {
    expect(deframe([`${counted(MESSAGE)}${MESSAGE}\n${counted(GOOD)}`])).toEqual(
      whole(MESSAGE, MESSAGE, GOOD),
    );
  });

  it('F7: a relay that writes LF after counted frames makes no fault', () => {
    expect(deframe([`${counted(MESSAGE)}\n${counted(GOOD)}\r\n${counted(GOOD)}`])).toEqual(
      whole(MESSAGE, GOOD, GOOD),
    );
  });
});

describe('spaces between frames', () => {
  const stream = (between: string) => [MESSAGE, GOOD, GOOD].map(counted).join(between);

  it.each([' ', '\n ', '\r\n ', '   ', ' \n', '\n \n  '])('%j is no part of either', (between) => {
    expect(deframe([stream(between)])).toEqual(whole(MESSAGE, GOOD, GOOD));
    expect(deframe(octets(stream(between)))).toEqual(whole(MESSAGE, GOOD, GOOD));
  });

  it('are passed over behind a line, whichever framing follows', () => {
    const text = `${GOOD}\n ${counted(MESSAGE)} ${GOOD}\n ${MESSAGE}\n`;
    expect(deframe([text])).toEqual(whole(GOOD, MESSAGE, GOOD, MESSAGE));
  });

  it('are passed over behind a counted frame that was cut', () => {
    const long = `<4>${'A'.repeat(200)}`;
    expect(deframe([`${counted(long)} ${counted(GOOD)}`], 100).frames).toEqual([
      [long.slice(0, 100), true],
      [GOOD, false],
    ]);
  });

  it('do not hide that a count was wrong', () => {
    expect(deframe([`${counted(GOOD)} rest\n${GOOD}\n`])).toEqual({
      frames: [
        [GOOD, false],
        ['rest', false],
        [GOOD, false],
      ],
      faults: ['framing-error'],
    });
  });

  it('without end are no frame, and nothing of them is kept', () => {
    const deframer = new Deframer(1_000);
    const frames: Buffer[] = [];
    deframer.push(Buffer.from(counted(GOOD)), (bytes) => frames.push(bytes));
    const spaces = Buffer.alloc(65_536, ' ');
    for (let i = 0; i < 16; i++) deframer.push(spaces, (bytes) => frames.push(bytes));
    expect(deframer.isPartial).toBe(false);
    deframer.end((bytes) => frames.push(bytes));
    expect(frames.map(String)).toEqual([GOOD]);
  });
});

describe('lines', () => {
  it('F8: a line that begins with a digit is no count', () => {
    const line = '2026-11-23 hello 83 <4>world';
    expect(deframe([`${line}\n`])).toEqual(whole(line));
    expect(deframe(['83\n', '83 \n', '83 x\n'])).toEqual(whole('83', '83 ', '83 x'));
  });

  it.each([
    ['CR LF', `${MESSAGE}\r\n`, [MESSAGE]],
    ['two LF', `${MESSAGE}\n\n`, [MESSAGE]],
    ['empty CR LF lines', `\r\n\r\n${MESSAGE}\n\r\n`, [MESSAGE]],
    ['NUL', `${MESSAGE}\0${GOOD}\0`, [MESSAGE, GOOD]],
    ['LF NUL', `${MESSAGE}\n\0${GOOD}\n\0`, [MESSAGE, GOOD]],
    ['a lone CR', `a\rb\r\rc\n`, ['a\rb\r\rc']],
    ['two CR before LF', `a\r\r\n`, ['a\r']],
    ['no end at all', MESSAGE, [MESSAGE]],
    ['a CR at the very end', `${MESSAGE}\r`, [`${MESSAGE}\r`]],
    ['half a count at the very end', '83 ', ['83 ']],
    ['nothing', '', []],
  ])('F9: %s', (_, stream, texts) => {
    expect(deframe([stream])).toEqual(whole(...texts));
    expect(deframe(octets(stream))).toEqual(whole(...texts));
  });

  it('F10: a NUL inside a line ends it, and the rest arrives too: nothing vanishes', () => {
    expect(deframe([`<4>SRC=203.0.113.9\0 DST=192.0.2.10 DPT=143\n`])).toEqual(
      whole('<4>SRC=203.0.113.9', ' DST=192.0.2.10 DPT=143'),
    );
  });

  it('F13: fields pushed beyond the limit are cut, flagged and counted once', () => {
    const line = `<4>${'A'.repeat(70_000)} SRC=203.0.113.9 DPT=143`;
    expect(deframe([`${line}\n${GOOD}\n`])).toEqual({
      frames: [
        [line.slice(0, 65_536), true],
        [GOOD, false],
      ],
      faults: ['frame-too-long'],
    });
  });

  it('a line over the limit without an end is cut when the stream ends', () => {
    expect(deframe(['A'.repeat(150)], 100)).toEqual({
      frames: [['A'.repeat(100), true]],
      faults: ['frame-too-long'],
    });
  });
});

it('a limit too small for any message is refused', () => {
  expect(() => new Deframer(63)).toThrow(RangeError);
  expect(() => new Deframer(Number.NaN)).toThrow(RangeError);
});

it('isPartial tells whether a frame is under way', () => {
  const deframer = new Deframer(1_000);
  const state = (text: string) => {
    deframer.push(Buffer.from(text), () => {});
    return deframer.isPartial;
  };
  expect([
    state('8'),
    state('3 '),
    state('x'),
    state('\n'),
    state('\n'),
    state('5 <'),
    state('4>ab'),
  ]).toEqual([true, true, true, false, false, true, false]);
});

it('frames own their octets: what the socket does with its buffer afterwards changes nothing', () => {
  const kept: Buffer[] = [];
  const deframer = new Deframer(1_000);
  const chunk = Buffer.from('<4>first\n<4>sec');
  deframer.push(chunk, (bytes) => kept.push(bytes));
  chunk.fill('x');
  deframer.push(Buffer.from('ond\n'), (bytes) => kept.push(bytes));
  expect(kept.map(String)).toEqual(['<4>first', '<4>second']);
});

/** Whole messages, lies and rubbish, mixed. */
const fragment = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 80 }).map((text) => counted(`<4>${text}`)),
  },
  { weight: 3, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 80 }).map((text) => `<4>${text}\n`) },
  fc.tuple(fc.nat(20_000_000), fc.string({ maxLength: 40 })).map(([count, text]) => `${count} <4>${text}\n`),
  fc.constantFrom(
    '\n',
    '\r\n',
    '\0',
    '\r',
    '9',
    '12 ',
    ' ',
    '\n ',
    '7 <',
    '<',
    '0 <4>',
    '12345678 <',
    `${'5'.repeat(300)}\n`,
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
);

it('any chunking of a stream gives identical frames and faults', () => {
  fc.assert(
    fc.property(
      fc.array(fragment, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (fragments, sizes) => {
        const stream = Buffer.from(fragments.join(''), 'latin1');
        const pieces: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          pieces.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(deframe(pieces, 100)).toEqual(deframe([stream], 100));
      },
    ),
    { numRuns: 5_000 },
  );
});

it('well-formed frames of either framing come out as they went in', () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 300 });
  const framed = fc.oneof(
    text.map((body) => ({ message: `<4>${body}`, wire: counted(`<4>${body}`) })),
    text
      .map((body) => `<4>${body.replace(/[\n\r\0]/g, '.')}`)
      .map((message) => ({ message, wire: `${message}\n` })),
  );
  fc.assert(
    fc.property(fc.array(framed, { maxLength: 20 }), (messages) => {
      const stream = messages.map(({ wire }) => wire).join('');
      expect(deframe([stream], undefined, false)).toEqual(whole(...messages.map(({ message }) => message)));
    }),
    { numRuns: 1_000 },
  );
});

describe('hostile octets cost time in proportion, not squared', () => {
  it.each([
    ['LF only', '\n'],
    ['NUL-terminated single letters', 'a\0'],
    ['LF-terminated single letters', 'a\n'],
    ['smallest counted frames', '1 <'],
    ['half counts', '1234567 '],
    ['CR', '\r'],
    ['LF and spaces', '\n      '],
  ])('%s: a mebibyte in one chunk', (_, unit) => {
    const chunk = Buffer.from(unit.repeat(Math.floor((1 << 20) / unit.length)), 'latin1');
    const deframer = new Deframer(65_536);
    const before = performance.now();
    deframer.push(chunk, () => {});
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  it('a 64 KiB line that comes one octet at a time', () => {
    const deframer = new Deframer(65_536);
    const octet = Buffer.from('A');
    const before = performance.now();
    for (let i = 0; i < 65_536; i++) deframer.push(octet, () => {});
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe('lines taken together', () => {
  /** The same stream with lines taken together where they are offered, some of them only. */
  function deframeLines(
    pieces: readonly Buffer[],
    maxBytes: number,
    takes: readonly boolean[],
  ): Taken & { lines: number } {
    const taken = { frames: [] as [string, boolean][], faults: [] as string[], lines: 0 };
    const deframer = new Deframer(maxBytes, (fault) => taken.faults.push(fault));
    const onFrame = (bytes: Buffer, truncated: boolean) => {
      taken.frames.push([bytes.toString('latin1'), truncated]);
    };
    for (const [i, piece] of pieces.entries())
      deframer.push(piece, onFrame, (start, end, lines) => {
        if (takes[i] !== true) return false;
        const texts = piece.toString('latin1', start, end).split('\n');
        expect(texts.pop()).toBe('');
        expect(texts).toHaveLength(lines);
        for (const text of texts) taken.frames.push([text.replace(/\r$/, ''), false]);
        taken.lines += lines;
        return true;
      });
    deframer.end(onFrame);
    return taken;
  }

  const token = fc.constantFrom(
    '<4>a line\n',
    '<4>a line\n',
    '<4>a line\n',
    '<4>a line\n',
    '<4>another, longer line\r\n',
    '<4>one with a NUL\0',
    '\n',
    '\r\n',
    '\n ',
    '12 <4>counted x',
    '7 <4>a\nb',
    '40 <4>lies',
    'no PRI\n',
    `<4>${'long '.repeat(20)}\n`,
    '2026-11-23 text\n',
    '<',
    '9',
    ' ',
  );

  it('are the frames they are one by one, faults included, however the stream is cut', () => {
    let lines = 0;
    fc.assert(
      fc.property(
        fc.array(token, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(60), { maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
        fc.constantFrom(64, 65_536),
        (tokens, cuts, takes, maxBytes) => {
          const stream = Buffer.from(tokens.join(''), 'latin1');
          const pieces: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(stream.subarray(at, at + cut));
            at = Math.min(stream.length, at + cut);
          }
          pieces.push(stream.subarray(at));
          const together = deframeLines(pieces, maxBytes, takes);
          lines += together.lines;
          expect({ frames: together.frames, faults: together.faults }).toEqual(deframe(pieces, maxBytes));
        },
      ),
      { numRuns: 2_000 },
    );
    expect(lines).toBeGreaterThan(500);
  });
});
