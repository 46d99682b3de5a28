import { pf } from '../../src/parse/pf.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('pf', (line) => pf.parse(decodeLine(line), { prefixes: [] }));
