import { ciscoXr } from '../../src/parse/cisco-xr.ts';
import { bareMessage } from '../support/bare-message.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('cisco-xr', (line) => ciscoXr.parse(bareMessage(line), { prefixes: [] }));
