import { type Config, configSchema } from '../../src/config/config.ts';

/** A configuration with every default, in UTC and without channels unless told otherwise. */
export function testConfig(more: object = {}): Config {
  return { rules: 'rules', ...configSchema.parse({ zone: 'UTC', channels: [], ...more }) } as Config;
}
