// docs/: no page is missing in the navigation, links lead somewhere, errors and texts for programs are complete.
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { llmsFiles } from '../../../docs/.vitepress/llms.mjs';
import { linked, pages, shown } from '../../../docs/.vitepress/pages.mjs';
import * as library from '../../../src/index.ts';
import { anchorsOf, headingsOf, linksOf } from '../../support/documents.ts';
import { projectFiles, root, sourcesIn, textOf } from '../../support/source.ts';

test('the list of pages has every page, once', () => {
  const files = projectFiles()
    .filter((name) => /^docs\/(?!\.)[^.]+\.md$/.test(name) && name !== 'docs/index.md')
    .map((name) => name.slice('docs/'.length, -'.md'.length));
  expect([...pages].sort()).toEqual(files.sort());
  expect(Object.values(shown).filter((page) => !pages.includes(page))).toEqual([]);
});

test('each page begins with its title', () => {
  expect(pages.filter((page) => headingsOf(page).length === 0)).toEqual([]);
});

test.for(pages)('the links of %s lead somewhere', (page) => {
  const source = Object.keys(shown).find((file) => shown[file] === page) ?? `docs/${page}.md`;
  const broken = linksOf(page).filter((href) => {
    if (href.startsWith('#')) return !anchorsOf(page).includes(href.slice(1));
    const target = linked(page, href);
    if (target === undefined) return !/^https?:\/\//.test(href);
    if ('repository' in target) return !existsSync(join(root, target.repository));
    if (!pages.includes(target.page)) return true;
    return target.hash !== '' && !anchorsOf(target.page).includes(target.hash.slice(1));
  });
  expect(broken, posix.basename(source)).toEqual([]);
});

test('every error has its heading among the codes, and nothing else has', () => {
  const { PevmError } = library;
  const sources = textOf('src/base/errors.ts') + textOf('src/cli/range-queue.ts');
  const classes = [...sources.matchAll(/export class (\w+Error) extends (?!Error\b)/g)].map(([, name]) => name!);
  expect(classes).toContain('InputError');
  const named = headingsOf('errors').flatMap((heading) => {
    const [, code, name] = /^(-?\d+): (\w+)$/.exec(heading) ?? [];
    return name === undefined ? [] : [[name, Number(code)] as const];
  });
  expect(named.map(([name]) => name).sort()).toEqual(classes.sort());
  for (const [name, code] of named) {
    const [, body = ''] = new RegExp(`class ${name} extends [\\s\\S]*?(constructor[\\s\\S]*?)\\n}`).exec(sources) ?? [];
    if (name === 'CallFailedError') continue; // any code that a call may end with
    expect(body, name).toContain(String(code));
  }
  expect(PevmError.name).toBe('PevmError');
});

test('every code from -38000 on that the sources have is told of', () => {
  const told = textOf('docs/errors.md');
  const codes = sourcesIn('src/').flatMap((file) => textOf(file).match(/(?<!\w)-38\d{3}\b/g) ?? []);
  expect(codes.length).toBeGreaterThan(20);
  expect([...new Set(codes)].filter((code) => !told.includes(code))).toEqual([]);
});

test('llms.txt names every page, and llms-full.txt holds them', () => {
  const files: Readonly<Record<string, string>> = llmsFiles(root, '/base/');
  const [index = '', whole = ''] = [files['llms.txt'], files['llms-full.txt']];
  expect(index).toMatch(/^# pevm-wasm\n\n> \S/);
  for (const page of pages) {
    expect(index).toMatch(new RegExp(`^- \\[.+\\]\\(/base/${page}\\.md\\): \\S.{15,}$`, 'm'));
    expect(whole).toContain(files[`${page}.md`]!.trimEnd());
  }
});
