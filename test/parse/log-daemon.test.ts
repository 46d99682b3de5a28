import { logDaemon } from '../../src/parse/log-daemon.ts';
import { decodeLine } from '../support/decode-line.ts';
import { runLineFixtures } from '../support/line-fixtures.ts';

runLineFixtures('log-daemon', (line) => logDaemon.parse(decodeLine(line), { prefixes: [] }));
