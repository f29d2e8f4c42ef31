// The pages of the site, in their order: navigation, llms.txt and the tests go by this list.

/**
 * Each group has its pages: the file below docs/ without its suffix, and what the navigation calls it.
 * @type {readonly { group: string, pages: readonly (readonly [path: string, name: string])[] }[]}
 */
export const groups = [
  {
    group: 'Introduction',
    pages: [
      ['introduction', 'Why, and why not'],
      ['start/wallet-preview', 'Start: wallet preview'],
      ['start/block-simulator', 'Start: simulator in a page'],
      ['start/range-replay', 'Start: replaying ranges'],
      ['start/own-executor', 'Start: your own executor'],
      ['examples', 'Examples'],
    ],
  },
  {
    group: 'Guides',
    pages: [
      ['worlds', 'Worlds'],
      ['forking', 'State of a node'],
      ['ranges', 'Ranges around a queue'],
      ['stateless', 'Stateless execution'],
      ['preview', 'Previews'],
      ['simulate', 'Calls and simulation'],
      ['tracing', 'Traces'],
      ['provider', 'JSON-RPC provider'],
      ['serve', 'A node: pevm serve'],
      ['state-sources', 'State sources'],
      ['planning', 'Planning'],
      ['policies', 'Policies'],
      ['resources', 'Resources'],
      ['profiling', 'Profiling'],
      ['amsterdam', 'Amsterdam'],
      ['lower-level', 'Beneath the engine'],
    ],
  },
  {
    group: 'Running it',
    pages: [
      ['hosts', 'Headers per host'],
      ['sizes', 'Sizes and start-up'],
      ['cli', 'The command line'],
      ['configuration', 'Configuration'],
      ['monitoring', 'Monitoring'],
      ['errors', 'Errors by code'],
    ],
  },
  {
    group: 'Coming from',
    pages: [
      ['migrate/ethereumjs-vm', '@ethereumjs/vm'],
      ['migrate/anvil', 'anvil'],
      ['migrate/tevm', 'tevm'],
      ['pevm-go', 'pevm-go'],
    ],
  },
  {
    group: 'Reference',
    pages: [
      ['options', 'Options'],
      ['metrics', 'Metrics'],
      ['changelog', 'Changelog'],
      ['upgrading', 'Upgrading'],
    ],
  },
  {
    group: 'Architecture',
    pages: [
      ['architecture/overview', 'In pictures'],
      ['architecture/facade', 'The façade'],
      ['architecture/core', 'The core'],
      ['benchmarks', 'Benchmarks'],
      ['scaling', 'Scaling'],
      ['bounds', 'Bounds'],
    ],
  },
];

/** All pages, in that order. */
export const pages = groups.flatMap(({ pages }) => pages.map(([path]) => path));

/**
 * Documents beside the code that a page shows: links to them lead to the page, and theirs are read from where they lie.
 * @type {Readonly<Record<string, string>>}
 */
export const shown = {
  'CHANGELOG.md': 'changelog',
  'assembly/README.md': 'architecture/core',
  'examples/README.md': 'examples',
  'src/README.md': 'architecture/facade',
};

/** Other documents and folders that a page speaks of for them. */
const instead = { 'README.md': 'introduction', examples: 'examples', 'examples/': 'examples' };

/**
 * Where a link leads: to a page of the site, to something that only the repository has, or elsewhere.
 * @param {string} page the page it stands on, as in {@link pages}
 * @param {string} href
 * @returns {{ page: string, hash: string } | { repository: string } | undefined}
 */
export function linked(page, href) {
  if (/^([a-z]+:|\/\/|#|\/)/i.test(href)) return undefined;
  const source = Object.keys(shown).find((file) => shown[file] === page) ?? `docs/${page}.md`;
  const { pathname, hash } = new URL(href, `file:///${source}`);
  const file = pathname.slice(1);
  if (file.startsWith('docs/') && file.endsWith('.md')) return { page: file.slice(5, -3), hash };
  const other = { ...shown, ...instead }[file];
  return other !== undefined ? { page: other, hash } : { repository: file };
}
