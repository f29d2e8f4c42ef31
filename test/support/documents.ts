// The pages of the documentation as tests see them: their blocks of code, and their links.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { markdownOf } from '../../docs/.vitepress/llms.mjs';
import { pages } from '../../docs/.vitepress/pages.mjs';
import { root, sourcesIn, textOf } from './source.ts';

/** A fenced block. What follows its language in the fence says what it is: ```` ```js browser main.js ````. */
export interface Block {
  /** The page, as the list of pages has it, or `README`. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  /** Runs in a page, not in Node. */
  readonly inBrowser: boolean;
  /** The file that a reader puts it into, where the page names one. */
  readonly file: string | undefined;
  readonly code: string;
}

/** The blocks of a page. */
export function blocksOf(page: string): Block[] {
  const text = page === 'README' ? textOf('README.md') : markdownOf(root, page);
  return [...text.matchAll(/^```(\S*)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', words = '', code = ''], i, all) => {
      const info = words.trim().split(/\s+/);
      return {
        page,
        line: text.slice(0, all[i]!.index).split('\n').length,
        language,
        inBrowser: info.includes('browser'),
        file: info.find((word) => word.includes('.')),
        code,
      };
    },
  );
}

/** The examples of docstrings, which the reference of the API is made of. */
function docstringExamples(): Block[] {
  return sourcesIn('src/').flatMap((page) => {
    const text = textOf(page);
    return [...text.matchAll(/^ *\* @example\n *\* ```js\n([\s\S]*?)^ *\* ```$/gm)].map(({ 1: code = '', index }) => ({
      page,
      line: text.slice(0, index).split('\n').length,
      language: 'js',
      inBrowser: false,
      file: undefined,
      code: code.replace(/^ *\* ?/gm, ''),
    }));
  });
}

/** Every block of JavaScript or TypeScript in the README, on the site, and in the docstrings. */
export function programs(): Block[] {
  const written = ['README', ...pages].flatMap(blocksOf);
  const pattern = /^(js|ts|mjs|javascript|typescript)$/;
  return [...written.filter(({ language }) => pattern.test(language)), ...docstringExamples()];
}

/** Puts blocks into a folder, each page's into one of its own, and returns where each is. */
export function writePrograms(folder: string, blocks: readonly Block[], texts: Readonly<Record<string, string>> = {}) {
  rmSync(folder, { recursive: true, force: true });
  return blocks.map((block) => {
    const place = join(folder, block.page);
    mkdirSync(place, { recursive: true });
    const path = join(place, block.file ?? `line-${block.line}.js`);
    let { code } = block;
    for (const [text, other] of Object.entries(texts)) code = code.replaceAll(text, other);
    writeFileSync(path, block.language === 'ts' ? scriptOf(code) : code);
    return path;
  });
}

/** TypeScript without its types. */
function scriptOf(code: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(code, { compilerOptions }).outputText;
}

/** Where a heading is found: the anchor that VitePress gives it. */
function anchorOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return words
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^-+|-+$/g, '')
    .replace(/^(\d)/, '_$1')
    .toLowerCase();
}

/** What is outside of the code. */
function prose(page: string): string {
  return markdownOf(root, page).replace(/^```[\s\S]*?^```$/gm, '');
}

export function headingsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => heading.trim());
}

export function anchorsOf(page: string): string[] {
  return headingsOf(page).map(anchorOf);
}

/** The addresses that a page links to, pictures included. */
export function linksOf(page: string): string[] {
  const text = prose(page).replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, href = '']) => href);
}
