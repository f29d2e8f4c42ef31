// The site of docs/: navigation from pages.mjs, links to files that only the repository has, llms.txt at the end.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { llmsFiles } from './llms.mjs';
import { groups, linked } from './pages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const base = process.env.DOCS_BASE ?? '/';
const { description, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const home = typeof repository === 'string' ? repository : repository?.url?.replace(/^git\+|\.git$/g, '');

/** @type {import('vitepress').DefaultTheme.SidebarItem[]} */
const guide = groups.map(({ group, pages }) => ({
  text: group,
  collapsed: false,
  items: pages.map(([path, text]) => ({ text, link: `/${path}` })),
}));

export default defineConfig({
  title: 'pevm-wasm',
  description,
  base,
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  lastUpdated: false,
  markdown: { config: useRepositoryLinks },
  vite: { build: { chunkSizeWarningLimit: 5000 } },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/introduction', activeMatch: '^/(introduction|start/)' },
      { text: 'Guides', link: '/worlds' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Architecture', link: '/architecture/overview', activeMatch: '^/architecture/' },
      { text: 'Benchmarks', link: '/benchmarks' },
      { text: 'Errors', link: '/errors' },
    ],
    sidebar: {
      '/': guide,
      '/api/': reference(),
    },
    footer: { message: 'MIT licence' },
    ...(home && { socialLinks: [{ icon: 'github', link: home }] }),
  },
  buildEnd({ outDir }) {
    for (const [name, text] of Object.entries(llmsFiles(root, base))) {
      const file = join(outDir, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  },
});

/**
 * The navigation of the reference: what can be called, of each entry of the package. Every page holds it whole, so that types are
 * found by links, by the list of all names, and by searching.
 * @returns {import('vitepress').DefaultTheme.SidebarItem[]}
 */
function reference() {
  const entries = ['pevm-wasm', 'pevm-wasm/traffic', 'pevm-wasm/executors/ethereumjs', 'pevm-wasm/precompiles'];
  return entries.map((entry) => {
    const items = ['functions', 'classes'].flatMap((kind) => {
      const folder = join(root, 'docs/api', entry, kind);
      const names = existsSync(folder) ? readdirSync(folder).map((file) => file.replace(/\.md$/, '')) : [];
      return names.map((text) => ({ text, link: `/api/${entry}/${kind}/${text}` }));
    });
    return { text: entry, items: [{ text: 'All names', link: `/api/${entry}/` }, ...items] };
  });
}

/**
 * Documents link to each other as files. Where the site has no page for one, the link goes to the repository, or is text.
 * @param {import('markdown-it').default} md
 */
function useRepositoryLinks(md) {
  md.core.ruler.push('repository_links', ({ tokens, env }) => {
    const page = env.relativePath.replace(/\.md$/, '');
    if (page.startsWith('api/')) return;
    for (const token of tokens) {
      if (token.children === null) continue;
      let dropped = false;
      token.children = token.children.filter((child) => {
        if (child.type === 'link_open') {
          const target = linked(page, child.attrGet('href') ?? '');
          if (target === undefined) return true;
          if ('page' in target) child.attrSet('href', `/${target.page}${target.hash}`);
          else if (home) child.attrSet('href', `${home}/blob/HEAD/${target.repository}`);
          else dropped = true;
          return !dropped;
        }
        if (child.type !== 'link_close' || !dropped) return true;
        dropped = false;
        return false;
      });
    }
  });
}
