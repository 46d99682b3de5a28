import { unifiCef } from '../../src/parse/unifi-cef.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('unifi-cef', (line) => unifiCef.parse(decodeLine(line), { prefixes: [] }));
