// The list of mutations stays true while the sources move: each has its place, and its test exists.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../scripts/fingerprint.mjs';
import { mutations } from './mutations/mutations.mjs';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test.each(mutations.map(({ name, ...rest }) => [name, rest] as const))(
  'the mutation "%s" has its place and its test',
  (_, { file, text, replacement, project, test: path, only }) => {
    expect(existsSync(join(root, file)), file).toBe(true);
    expect(read(file).split(text).length - 1, `times that the text occurs in ${file}`).toBe(1);
    expect(replacement).not.toBe(text);
    expect(path.startsWith(`test/${project}/`)).toBe(true);
    expect(existsSync(join(root, path)), path).toBe(true);
    // Names that are made of values are found by the part in front of them.
    if (only !== undefined) expect(read(path).includes(only.replace(/ \d+$/, '')), `${path}: ${only}`).toBe(true);
  },
);

test('there are mutations of every part, and no name twice', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(40);
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  const folders = new Set(mutations.map(({ file }) => file.split('/').slice(0, 2).join('/')));
  for (const folder of [
    'assembly/store',
    'assembly/schedule',
    'assembly/engine',
    'assembly/execute',
    'assembly/base',
  ]) {
    expect(folders).toContain(folder);
  }
  for (const folder of ['base', 'block', 'cli', 'config', 'core', 'job', 'run', 'state', 'workers']) {
    expect(folders).toContain(`src/${folder}`);
  }
});
