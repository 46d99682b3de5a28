import { Argument, type Command } from 'commander';
import { configJsonSchema } from '../config/load-config.ts';
import { jsonSchema } from '../rules/schema.ts';
import type { Io } from './io.ts';

/** What this machine would fill in is no part of the format. */
const OF_THIS_MACHINE = ['zone', 'hostName'];

function configSchema(): object {
  const schema = configJsonSchema() as { properties: Record<string, { default?: unknown }> };
  for (const name of OF_THIS_MACHINE) delete schema.properties[name]!.default;
  return schema;
}

const SCHEMAS: Readonly<Record<string, () => object>> = { rules: jsonSchema, config: configSchema };

/** `knockwatch schema rules|config`: the JSON Schema for editors that complete and check while one types. */
export function registerSchema(program: Command, io: Io): void {
  program
    .command('schema')
    .description('print the JSON Schema of rule files or of knockwatch.yaml, for editors')
    .addArgument(new Argument('<file>', 'which file it describes').choices(Object.keys(SCHEMAS)))
    .addHelpText(
      'after',
      `
An editor with a YAML language server takes it from the first line of a file:
  # yaml-language-server: $schema=./knockwatch.schema.json

Examples:
  knockwatch schema rules > rules/knockwatch.schema.json
  knockwatch schema config > knockwatch.config.schema.json`,
    )
    .action((file: string) => {
      io.stdout.write(`${JSON.stringify(SCHEMAS[file]!(), undefined, 2)}\n`);
    });
}
