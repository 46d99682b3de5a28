import { expect, it } from 'vitest';
import { formats } from '../../src/parse/formats.ts';
import { runForTest } from '../support/cli.ts';

it('knockwatch formats shows name, makers, what is read and a sample of each', async () => {
  const { exitCode, stdout } = await runForTest(['formats']);
  expect(exitCode).toBe(0);
  for (const { parser, products, reads, sample } of formats)
    expect(stdout).toContain(`${parser}: ${products}\n  ${reads}\n  ${sample}\n`);
});

it('knockwatch formats --json prints one object per format', async () => {
  const { exitCode, stdout } = await runForTest(['formats', '--json']);
  expect(exitCode).toBe(0);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(formats);
});
