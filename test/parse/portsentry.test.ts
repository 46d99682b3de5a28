import { portsentry } from '../../src/parse/portsentry.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('portsentry', (line) => portsentry.parse(decodeLine(line), { prefixes: [] }));
