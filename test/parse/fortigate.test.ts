import { fortigate } from '../../src/parse/fortigate.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('fortigate', (line) => fortigate.parse(decodeLine(line), { prefixes: [] }));
