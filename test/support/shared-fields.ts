// Which words the layout calls shared, and where the source of the core uses them other than atomically.
import { basename } from 'node:path';
import ts from 'typescript';
import { sourcesIn, textOf } from './source.ts';

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
}

/**
 * `Class.FIELD` of every contended word of assembly/layout.ts: those below a `// shared` comment, up to the next comment
 * of its kind, and those whose own comment ends with "Shared.".
 */
export function sharedFields(): Set<string> {
  const source = parse('assembly/layout.ts');
  const fields = new Set<string>();
  for (const statement of source.statements) {
    if (!ts.isClassDeclaration(statement)) continue;
    let shared = false;
    for (const member of statement.members) {
      const comments = ts.getLeadingCommentRanges(source.text, member.pos) ?? [];
      const texts = comments.map(({ pos, end }) => source.text.slice(pos, end));
      const heading = texts.findLast((text) => text.startsWith('//'));
      if (heading !== undefined) shared = /^\/\/ shared\b/.test(heading);
      const own = texts.some((text) => /\bShared\.\s*(\*\/)?$/.test(text));
      const name = member.name?.getText() ?? '';
      if ((shared || own) && !name.endsWith('SIZE')) fields.add(`${statement.name?.text}.${name}`);
    }
  }
  return fields;
}

/** A use of a shared field outside of an operation of base/shared.ts. */
export interface FieldUse {
  /** File without extension, and function. */
  place: string;
  field: string;
  /** Whether it is part of a plain `load`, `store`, `memory.…` or `v128.…`. */
  plain: boolean;
}

/** Every use of a shared field that is not an argument of `shared.…(record, field, …)`. */
export function unsharedUses(fields: ReadonlySet<string>): FieldUse[] {
  const files = sourcesIn('assembly/').filter((file) => !basename(file).startsWith('layout'));
  return files.flatMap((file) => {
    const uses: FieldUse[] = [];
    const visit = (node: ts.Node): void => {
      ts.forEachChild(node, visit);
      if (!ts.isPropertyAccessExpression(node) || !fields.has(node.getText())) return;
      const calls = callsAround(node);
      if (calls.some((name) => /^shared\.\w+$/.test(name))) return;
      const plain = calls.some((name) => /^(load|store|memory\.\w+|v128\.\w+)$/.test(name));
      uses.push({
        place: `${file.slice('assembly/'.length, -'.ts'.length)}/${functionAround(node)}`,
        field: node.getText(),
        plain,
      });
    };
    visit(parse(file));
    return uses;
  });
}

/** Names of the calls that have the node in an argument, innermost first, inside one statement. */
function callsAround(node: ts.Node): string[] {
  const names: string[] = [];
  for (
    let child = node, parent = node.parent;
    parent && !ts.isStatement(child);
    child = parent, parent = parent.parent
  ) {
    if (ts.isCallExpression(parent) && parent.expression !== child) names.push(parent.expression.getText());
  }
  return names;
}

function functionAround(node: ts.Node): string {
  for (let parent = node.parent; parent; parent = parent.parent) {
    if (ts.isFunctionDeclaration(parent)) return parent.name?.text ?? '';
  }
  return '';
}

/** Where the layout says that a constant address is, as `Control.FIELD`; undefined outside of the control record. */
export function controlField(address: number, base: number, control: Record<string, unknown>): string | undefined {
  const entries = Object.entries(control).filter(([name]) => name !== 'SIZE') as [string, number][];
  const below = entries.filter(([, offset]) => base + offset <= address).sort(([, one], [, other]) => other - one);
  const inside = address >= base && address < base + Number(control.SIZE);
  return inside && below[0] !== undefined ? `Control.${below[0][0]}` : undefined;
}
