// A configuration as text: YAML, or JSON, which is YAML too; and where in it each thing stands, for errors and origins.

import type { Document, Node, Pair } from 'yaml';
import { InputError } from '../base/errors.ts';
import { type Configuration, type ConfigurationSources, configurationOf, type FilePlaces } from './configuration.ts';

/** What a configuration is made of beside the text of its file. */
export interface ConfigurationTextSources extends Omit<ConfigurationSources, 'file'> {
  /** Of the file, for errors and origins; `pevm.config.yaml` where none is given. */
  readonly name?: string;
}

/** Far more than all settings with their documentation. */
const MAXIMUM_LENGTH = 1_000_000;

/**
 * Reads a configuration whose file is given as text, as `readConfiguration` does: options before environment before file
 * before preset before default. The parser is loaded when it is asked for.
 * @param text YAML 1.2, or JSON
 * @throws InputError naming file, line and column, and the nearest right name; or the variable
 * @example
 * ```js
 * import { createEngine, parseConfiguration } from 'pevm-wasm';
 *
 * const { options } = await parseConfiguration('engine: { max_workers: 2 }');
 * const engine = await createEngine(options);
 * console.log(engine.capabilities.workers); // 2
 * await engine.dispose();
 * ```
 */
export async function parseConfiguration(
  text: string,
  { name = 'pevm.config.yaml', ...sources }: ConfigurationTextSources = {},
): Promise<Configuration> {
  if (typeof text !== 'string') throw new InputError(name, `expected text, got ${typeof text}`);
  if (text.length > MAXIMUM_LENGTH) throw new InputError(name, `more than ${MAXIMUM_LENGTH} characters`);
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const tree = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, intAsBigInt: true });
  const at = (offset: number | undefined) => {
    if (offset === undefined) return name;
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  // A warning is about what this parser does not know, such as tags.
  const [problem] = [...tree.errors, ...tree.warnings];
  if (problem !== undefined) throw new InputError(at(problem.pos[0]), problem.message);
  const places: FilePlaces = {
    field(path, what) {
      const found = pairAt(yaml, tree, path);
      const place = at((what === 'name' ? found?.key : (found?.value ?? found?.key))?.range?.[0]);
      return path.length === 0 ? place : `${place}: ${path.join('.')}`;
    },
    origin(path) {
      return at(pairAt(yaml, tree, path)?.key?.range?.[0]).replace(/(:\d+):\d+$/, '$1');
    },
  };
  return configurationOf({ ...sources, file: contentOf(yaml, tree, at) }, places);
}

type Yaml = typeof import('yaml');

/** The file as a value. Integers are numbers where nothing is lost. @throws InputError for aliases of nothing, or too many */
function contentOf(yaml: Yaml, tree: Document, at: (offset: number | undefined) => string): unknown {
  try {
    return tree.toJS({
      maxAliasCount: 100,
      reviver: (_, value) => {
        return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
      },
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    let offset = tree.contents?.range?.[0];
    yaml.visit(tree, {
      Alias(_, alias) {
        if (alias.resolve(tree) !== undefined) return undefined;
        offset = alias.range?.[0];
        return yaml.visit.BREAK;
      },
    });
    throw new InputError(at(offset), error.message, { cause: error });
  }
}

interface Found {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** Name and value of what stands at a path. */
function pairAt(yaml: Yaml, tree: Document, path: readonly string[]): Found | undefined {
  let value: unknown = tree.contents;
  let key: Node | undefined;
  for (const name of path) {
    const map = yaml.isAlias(value) ? value.resolve(tree) : value;
    if (!yaml.isMap(map)) return undefined;
    const pair: Pair | undefined = map.items.find((item) => yaml.isScalar(item.key) && String(item.key.value) === name);
    if (pair === undefined) return undefined;
    key = yaml.isNode(pair.key) ? pair.key : undefined;
    value = pair.value;
  }
  return { key, value: yaml.isNode(value) ? value : undefined };
}
