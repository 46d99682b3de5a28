import { mikrotik } from '../../src/parse/mikrotik.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('mikrotik', (line) => mikrotik.parse(decodeLine(line), { prefixes: [] }));
