import { ipmon } from '../../src/parse/ipmon.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('ipmon', (line) => ipmon.parse(decodeLine(line), { prefixes: [] }));
