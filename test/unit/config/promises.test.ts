// docs/pevm-go.md: what it names is there, and the sizes that it tells are those of the core.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Incarnation, TxSlot, Version } from '../../../assembly/layout.ts';
import * as library from '../../../src/index.ts';

const root = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/pevm-go.md', root), 'utf8');
const rows = page.split('\n').filter((line) => /^\| (?!pevm-go says|-)/.test(line));

test('there are at least sixty rows, each with what shows it', () => {
  expect(rows.length).toBeGreaterThanOrEqual(60);
  for (const row of rows) expect(row.split('|').map((cell) => cell.trim())[2], row).not.toBe('');
});

test('every file that the page names is there', () => {
  const named = [...page.matchAll(/`((?:src|assembly|test|scripts|docs|web-demo)\/[^`]*|README\.md)`/g)];
  const linked = [...page.matchAll(/\]\(([\w.-]+\.(?:md|json))\)/g)].map(([, name]) => `docs/${name}`);
  const files = [...new Set([...named.map(([, path]) => path!), ...linked])];
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  const tests = files.filter((path) => path.endsWith('.test.ts'));
  expect(tests.length).toBeGreaterThan(30);
});

test('the licence is MIT', () => {
  const { license } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { license: string };
  expect(license).toBe('MIT');
  expect(readFileSync(new URL('LICENSE', root), 'utf8')).toMatch(/^(The )?MIT License/);
});

test('every command that the page names is one of the package', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { scripts: object };
  const commands = [...page.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect(commands.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('the functions that the page names are exported', () => {
  const called = ['createEngine', 'fromEIP2930', 'fromBlockAccessList', 'prometheusCollector', 'parseConfiguration'];
  for (const name of [...called, 'profileBlock', 'Planner']) {
    expect(page).toContain(name);
    expect(library).toHaveProperty(name);
  }
});

test('a version has the 40 bytes that were promised, and a task more than 24', () => {
  expect(Version.SIZE).toBe(40);
  expect([TxSlot.SIZE, Incarnation.SIZE]).toEqual([64, 64]);
  expect(page).toMatch(/~40 bytes a version \| 40 bytes/);
  expect(page).toMatch(/~24 bytes a task \| \*\*missed\*\*: a slot of 64 bytes, and a record of 64/);
});
