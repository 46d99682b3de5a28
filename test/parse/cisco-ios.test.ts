import { ciscoIos } from '../../src/parse/cisco-ios.ts';
import { bareMessage } from '../support/bare-message.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('cisco-ios', (line) => ciscoIos.parse(bareMessage(line), { prefixes: [] }));
