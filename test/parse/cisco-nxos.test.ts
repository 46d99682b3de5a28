import { ciscoNxos } from '../../src/parse/cisco-nxos.ts';
import { bareMessage } from '../support/bare-message.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('cisco-nxos', (line) => ciscoNxos.parse(bareMessage(line), { prefixes: [] }));
