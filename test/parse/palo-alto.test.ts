import { paloAlto } from '../../src/parse/palo-alto.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('palo-alto', (line) => paloAlto.parse(decodeLine(line), { prefixes: [] }));
