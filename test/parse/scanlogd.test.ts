import { scanlogd } from '../../src/parse/scanlogd.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('scanlogd', (line) => scanlogd.parse(decodeLine(line), { prefixes: [] }));
