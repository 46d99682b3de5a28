import { own } from '../../src/parse/own.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('own', (line) => own.parse(decodeLine(line), { prefixes: [] }));
