// What holds for every command: help with examples that are right, and `--json`.
import { expect, test } from 'vitest';
import { helpFor } from '../../../src/cli/arguments.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';

const commands = Object.entries(COMMANDS);

test.for(commands)('%s has examples that its flags allow', ([name, { read, examples }]) => {
  expect(examples.length).toBeGreaterThan(0);
  for (const [line] of examples) {
    const [word, ...rest] = line.replace(/ >.*/, '').split(' ');
    expect(word).toBe(name);
    // What is shortened for readers stands for a hash, an address or a transaction.
    const words = rest.map((text) => (/^0x.*…$/.test(text) ? `0x${'ab'.repeat(32)}` : text));
    expect(() => read(words), line).not.toThrow();
  }
});

test.for(commands)('the help of %s has them, its exit codes, and fits 80 columns but for them', ([, each]) => {
  const { definition, notes, examples } = each;
  const help = helpFor('pevm', definition, notes, examples).split('\n');
  const lines = examples.map(([line]) => `  pevm ${line}`);
  expect(help).toEqual(expect.arrayContaining(lines));
  expect(help.join('\n')).toMatch(/Exit code: 0/);
  expect(help.filter((line) => line.length > 80 && !lines.includes(line))).toEqual([]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
});

test.for(commands)('%s takes --json', ([, { definition }]) => {
  expect(definition.args).toHaveProperty('json.type', 'boolean');
});
