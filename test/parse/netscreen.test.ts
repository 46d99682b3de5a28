import { netscreen } from '../../src/parse/netscreen.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('netscreen', (line) => netscreen.parse(decodeLine(line), { prefixes: [] }));
