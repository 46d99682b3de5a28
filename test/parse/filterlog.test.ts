import { filterlog } from '../../src/parse/filterlog.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('filterlog', (line) => filterlog.parse(decodeLine(line), { prefixes: [] }));
