import { trap } from '../../src/parse/trap.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('trap', (line) => trap.parse(decodeLine(line), { prefixes: [] }));
