// llms.txt and llms-full.txt: the pages for programs that read, by https://llmstxt.org.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groups, pages } from './pages.mjs';

/**
 * The Markdown of a page; of one that shows another document, that one's.
 * @param {string} root of the repository
 * @param {string} page
 */
export function markdownOf(root, page) {
  const text = readFileSync(join(root, 'docs', `${page}.md`), 'utf8');
  return text.replace(/^<!--@include: (\S+)-->$/gm, (_, path) =>
    readFileSync(join(root, 'docs', page, '..', path), 'utf8').trimEnd(),
  );
}

/** @param {string} text of a page: the first words under its title */
function summary(text) {
  const paragraph = text.split(/\n{2,}/).find((part) => /^[\w`*[("]/.test(part)) ?? '';
  const words = paragraph.replaceAll('\n', ' ').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return /^.{20,}?[.:](?= |$)/.exec(words)?.[0].replace(/:$/, '.') ?? words;
}

/**
 * The files, by name: the two texts, and each page as Markdown.
 * @param {string} root of the repository
 * @param {string} base where the site will be
 */
export function llmsFiles(root, base = '/') {
  /** @type {Record<string, string>} */
  const files = {};
  for (const page of pages) files[`${page}.md`] = markdownOf(root, page);
  const { description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lists = groups.map(({ group, pages }) => {
    const lines = pages.map(([path, name]) => `- [${name}](${base}${path}.md): ${summary(files[`${path}.md`] ?? '')}`);
    return `## ${group}\n\n${lines.join('\n')}\n`;
  });
  const head = `# pevm-wasm\n\n> ${description}\n\n`;
  const whole = pages.map((page) => `<!-- ${page}.md -->\n\n${(files[`${page}.md`] ?? '').trimEnd()}\n`);
  return { ...files, 'llms.txt': `${head}${lists.join('\n')}`, 'llms-full.txt': `${head}${whole.join('\n')}` };
}
