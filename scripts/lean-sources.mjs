// Vite plugin: what sources have for readers, and nobody who runs them needs, stays out of bundles.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst, transformWithOxc } from 'vite';
import { root } from './fingerprint.mjs';

/** Sources of constants: what is written `Control.WINDOW` is a number, and the class a name for it. */
const constantFiles = ['assembly/layout.ts', 'assembly/execute/evm/rules/opcodes.ts'];

/** Who prints what options are good for; the rest of the library checks them only. */
const readerOfWords = join(root, 'src/config/configuration-schema.ts');
const configuration = join(root, 'src/config/');
const WORDS = '?words';

/** What each name means, beside the names: only the names are used. */
const glossaries = new Map([[join(root, 'src/chain/rules.ts'), ['NUMBERS', 'SWITCHES']]]);

/** @returns {import('vite').Plugin} */
export function leanSources() {
  /** @type {Promise<Map<string, Map<string, number>>> | undefined} */
  let constants;
  return {
    name: 'pevm:lean-sources',
    resolveId: {
      order: 'pre',
      async handler(id, importer, options) {
        if (importer !== readerOfWords && !importer?.endsWith(WORDS)) return undefined;
        const found = await this.resolve(id, importer, { ...options, skipSelf: true });
        return found?.id.startsWith(configuration) && !found.id.endsWith(WORDS) ? `${found.id}${WORDS}` : found;
      },
    },
    /** Behind the plugin that takes the types out. */
    async transform(code, id) {
      if (!id.startsWith(join(root, 'src/'))) return undefined;
      constants ??= readConstants();
      const known = await constants;
      /** @type {[start: number, end: number, text: string][]} */
      const changes = [];
      const wordless = id.startsWith(configuration) && !id.endsWith(WORDS);
      const program = parseAst(code);
      const imported = constantsIn(program);
      visit(program, (node) => {
        if (node.type === 'MemberExpression' && !node.computed && node.object.type === 'Identifier') {
          const value = known.get(imported.get(node.object.name) ?? '')?.get(node.property.name);
          if (value !== undefined) changes.push([node.start, node.end, String(value)]);
        }
        if (wordless) changes.push(...wordsIn(node));
        if (node.type === 'VariableDeclarator' && glossaries.get(id)?.includes(node.id.name)) {
          changes.push(...meaningsIn(node.init));
        }
      });
      if (changes.length === 0) return undefined;
      changes.sort(([left], [right]) => right - left);
      let text = code;
      for (const [start, end, by] of changes) text = text.slice(0, start) + by + text.slice(end);
      // Lines stay where they are, and nobody maps columns.
      return { code: text, map: null };
    },
  };
}

/** @typedef {{ type: string, start: number, end: number, [key: string]: any }} Node */

/** `option(kind, 'sentences', …)`, and `doc: 'sentences'`. @param {Node} node @returns {[number, number, string][]} */
function wordsIn(node) {
  const words =
    node.type === 'CallExpression' && node.callee.name === 'option'
      ? node.arguments[1]
      : node.type === 'Property' && node.key.name === 'doc' && !node.shorthand
        ? node.value
        : undefined;
  return words?.type === 'Literal' || words?.type === 'TemplateLiteral' ? [[words.start, words.end, "''"]] : [];
}

/** @param {Node} node of a glossary @returns {[number, number, string][]} */
function meaningsIn({ properties }) {
  return properties.map((/** @type {Node} */ { value }) => [value.start, value.end, "''"]);
}

/** What a module imports of the files of constants: their name for each of its own. @param {{ body: any[] }} program */
function constantsIn({ body }) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const { type, source, specifiers } of body) {
    if (type !== 'ImportDeclaration' || !/\/(?:assembly\/.+|abi)\.ts$/.test(source.value)) continue;
    for (const { local, imported } of specifiers) if (imported !== undefined) names.set(local.name, imported.name);
  }
  return names;
}

/** @param {unknown} node @param {(node: Node) => void} see */
function visit(node, see) {
  if (Array.isArray(node)) for (const item of node) visit(item, see);
  else if (typeof node === 'object' && node !== null) {
    if ('type' in node) see(/** @type {Node} */ (node));
    for (const [key, value] of Object.entries(node)) if (key !== 'parent') visit(value, see);
  }
}

/** By class and name. */
async function readConstants() {
  /** @type {Map<string, Map<string, number>>} */
  const found = new Map();
  for (const file of constantFiles) {
    const { code } = await transformWithOxc(readFileSync(join(root, file), 'utf8'), join(root, file));
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    for (const [name, value] of Object.entries(module)) {
      if (typeof value === 'function') found.set(name, new Map(Object.entries(value)));
    }
  }
  return found;
}
