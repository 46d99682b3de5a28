import { ipfw } from '../../src/parse/ipfw.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('ipfw', (line) => ipfw.parse(decodeLine(line), { prefixes: [] }));
