import { sonicwall } from '../../src/parse/sonicwall.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('sonicwall', (line) => sonicwall.parse(decodeLine(line), { prefixes: [] }));
