import { junosSrx } from '../../src/parse/junos-srx.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('junos-srx', (line) => junosSrx.parse(decodeLine(line), { prefixes: [] }));
