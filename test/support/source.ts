// The project's source files as tests look at them: paths, text without comments, imports.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Folder of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** All files of the project, tracked or new but not ignored; paths relative to the checkout, with `/`. */
export function projectFiles(): string[] {
  const options = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const names = execFileSync('git', options, { cwd: root, encoding: 'utf8' }).split('\0');
  return names.filter((name) => name !== '' && existsSync(join(root, name)));
}

/** The TypeScript, AssemblyScript and JavaScript files below some folders. */
export function sourcesIn(...folders: string[]): string[] {
  return projectFiles().filter((name) => /\.(ts|mjs)$/.test(name) && folders.some((folder) => name.startsWith(folder)));
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The code of a file without comments; strings are replaced by empty ones, line breaks stay. */
export function codeOf(file: string): string {
  return withoutComments(textOf(file));
}

export function withoutComments(text: string): string {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  let code = '';
  let templates: number[] = [];
  let depth = 0;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === ts.SyntaxKind.OpenBraceToken) depth++;
    if (kind === ts.SyntaxKind.CloseBraceToken) {
      if (templates.at(-1) === depth) {
        kind = scanner.reScanTemplateToken(false);
        if (kind === ts.SyntaxKind.TemplateTail) templates = templates.slice(0, -1);
        continue;
      }
      depth--;
    }
    if (kind === ts.SyntaxKind.TemplateHead) templates.push(depth);
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia) continue;
    const token = scanner.getTokenText();
    if (kind === ts.SyntaxKind.MultiLineCommentTrivia) code += token.replace(/[^\n]/g, '');
    else if (kind === ts.SyntaxKind.StringLiteral) code += "''";
    else if (kind === ts.SyntaxKind.NoSubstitutionTemplateLiteral) code += "''";
    else code += token;
  }
  return code;
}

/** All functions of a file with bodies: names and lines, from the first word to the closing brace. */
export function functionLengths(file: string): { readonly name: string; readonly lines: number }[] {
  const source = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const found: { name: string; lines: number }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const name = `${file}: ${node.name?.getText(source) ?? 'a function without a name'}`;
      found.push({ name, lines: lineOf(node.end) - lineOf(node.getStart(source)) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What a file imports: packages as written, files relative to the checkout (`.ts` added where AssemblyScript leaves it out). */
export function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(textOf(file), true, true);
  return importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return fileName;
    const path = posix.join(dirname(file), fileName);
    return existsSync(join(root, `${path}.ts`)) ? `${path}.ts` : path;
  });
}

/** Names of all values and types that a module exports, sorted. */
export function exportsOf(file: string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [file], include: [] }, ts.sys, root);
  const program = ts.createProgram([join(root, file)], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, file))!);
  return checker
    .getExportsOfModule(module!)
    .map(({ name }) => name)
    .sort();
}
