// `pevm completion`: scripts that complete commands, flags and their values in bash, zsh and fish, made from the definitions.
import { type ArgDef, type ArgsDef, type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { PRESETS } from '../config/presets.ts';
import { HARDFORKS } from '../index.ts';
import { aliasesOf, checkArguments, type Example, positionalsOf } from './arguments.ts';
import { TRACERS } from './asking-options.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may stand behind a flag. Those of files are known by their hint, of the others nothing is proposed. */
export const VALUES: Readonly<Record<string, readonly string[]>> = {
  block: ['latest'],
  executor: ['wasm', 'ethereumjs'],
  hardfork: ['auto', ...HARDFORKS],
  mining: ['instant', 'none'],
  preset: Object.keys(PRESETS),
  superfluous: ['refuse', 'ignore'],
  tracer: TRACERS,
  'verify-state': ['proofs', 'reads'],
  workers: ['auto'],
};

export const completionCommand = defineCommand({
  meta: { name: 'completion', description: 'print a script that completes commands and flags in a shell' },
  args: {
    shell: { type: 'positional', required: false, description: `for which shell: ${SHELLS.join(', ')}` },
    json: { type: 'boolean', description: 'one JSON object, with the script in it' },
  },
});

export const completionNotes = [
  'The script runs in the shell alone: no process is started while you type.',
  'Exit code: 0, or 2 for wrong usage.',
];

export const completionExamples: readonly Example[] = [
  ['completion bash > ~/.local/share/bash-completion/completions/pevm', 'for bash'],
  ['completion zsh > ~/.zfunc/_pevm', 'for zsh, where that folder is in $fpath'],
  ['completion fish > ~/.config/fish/completions/pevm.fish', 'for fish'],
];

/** @throws {InputError} that names what is wrong */
export function readCompletionOptions(raw: readonly string[]): { readonly shell: Shell; readonly json: boolean } {
  const definitions = completionCommand.args as ArgsDef;
  checkArguments(raw, definitions);
  const [name, stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'one shell at a time');
  if (name === undefined) throw new InputError('SHELL', `which? ${SHELLS.join(', ')}`);
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined) {
    const meant = nearest(name, SHELLS);
    throw new InputError(name, meant === undefined ? `there are ${SHELLS.join(', ')}` : `did you mean ${meant}?`);
  }
  return { shell, json: parseArgs([...raw], definitions).json === true };
}

interface Flag {
  readonly name: string;
  readonly short: string | undefined;
  readonly description: string;
  /** `undefined`: takes no value. */
  readonly hint: string | undefined;
  readonly isFile: boolean;
  readonly values: readonly string[];
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** Whether words that are no flags are files; else what they may be. */
  readonly words: 'files' | readonly string[];
}

/** @param definitions of all commands */
export function completionScript(shell: Shell, definitions: readonly CommandDef[]): string {
  const commands = definitions.map(described);
  if (shell === 'bash') return bashScript(commands);
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands);
}

function described(definition: CommandDef): Described {
  const { meta, args } = definition as { meta: { name: string; description: string }; args: ArgsDef };
  const flags = Object.entries(args).flatMap(([name, each]) =>
    each.type === 'positional' ? [] : [flagOf(name, each)],
  );
  const help: ArgDef = { type: 'boolean', alias: 'h', description: 'print what the command does' };
  const words = meta.name === 'completion' ? SHELLS : ['replay', 'preview'].includes(meta.name) ? 'files' : [];
  return { ...meta, flags: [...flags, flagOf('help', help)], words };
}

function flagOf(name: string, definition: ArgDef): Flag {
  const { type, valueHint = 'VALUE', description = '' } = definition;
  const hint = type === 'boolean' ? undefined : valueHint;
  return {
    name,
    short: aliasesOf(definition).find((alias) => alias.length === 1),
    description,
    hint,
    // An executor may be a file, too.
    isFile: hint === 'FILE' || name === 'executor',
    values: VALUES[name] ?? [],
  };
}

/** One word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const spellings = ({ name, short }: Flag) => (short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`]);

function bashScript(commands: readonly Described[]): string {
  const behindFlags = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ hint, isFile, values }) => hint !== undefined && (!isFile || values.length > 0))
      .map((flag) => {
        const patterns = spellings(flag).map((spelling) => quoted(`${name} ${spelling}`));
        const kept = flag.isFile ? '' : ' _pevm_no_files;';
        return `    ${patterns.join('|')})${kept} _pevm_among ${quoted(flag.values.join(' '))}; return ;;`;
      }),
  );
  const files = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ hint, isFile, values }) => hint !== undefined && isFile && values.length === 0)
      .flatMap((flag) => spellings(flag).map((spelling) => quoted(`${name} ${spelling}`))),
  );
  const words = commands.map(({ name, flags, words }) => {
    const all = quoted(flags.flatMap(spellings).join(' '));
    const others = words === 'files' ? '' : `_pevm_no_files; _pevm_among ${quoted(words.join(' '))}`;
    const otherwise = others === '' ? 'return' : others;
    return `    ${name}) if [[ $cur == -* ]]; then _pevm_among ${all}; else ${otherwise}; fi ;;`;
  });
  return [
    '# Completes pevm in bash; made by `pevm completion bash`.',
    '_pevm_among() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }',
    '# Older versions of bash propose files all the same.',
    '_pevm_no_files() { compopt +o default 2>/dev/null; }',
    '_pevm() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}`,
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    _pevm_no_files; _pevm_among ${quoted([...commands.map(({ name }) => name), '--help', '--version'].join(' '))}; return`,
    '  fi',
    `  case "\${COMP_WORDS[1]} $prev" in`,
    ...(files.length > 0 ? [`    ${files.join('|')}) return ;;`] : []),
    ...behindFlags,
    '  esac',
    `  case \${COMP_WORDS[1]} in`,
    ...words,
    '  esac',
    '}',
    'complete -o default -F _pevm pevm',
  ].join('\n');
}

function zshScript(commands: readonly Described[]): string {
  // In the words of _arguments and _describe these have a meaning.
  const plain = (text: string) => text.replaceAll(/[\\[\]:]/g, (sign) => `\\${sign}`);
  const specification = (flag: Flag) => {
    const all = spellings(flag);
    const value = flag.values.length > 0 ? `(${flag.values.join(' ')})` : flag.isFile ? '_files' : ' ';
    const action = flag.hint === undefined ? '' : `:${plain(flag.hint)}:${value}`;
    const text = `[${plain(flag.description)}]${action}`;
    return all.map((spelling) => quoted(`(${all.join(' ')})${spelling}${text}`)).join(' ');
  };
  const rest = (words: Described['words']) => {
    if (words === 'files') return [quoted('*:file:_files')];
    return words.length > 0 ? [quoted(`1:word:(${words.join(' ')})`)] : [];
  };
  return [
    '#compdef pevm',
    '# Completes pevm in zsh; made by `pevm completion zsh`.',
    '_pevm() {',
    '  local -a commands=(',
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${plain(description)}`)}`),
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...commands.flatMap(({ name, flags, words }) => [
      `    ${name}) _arguments \\`,
      ...[...flags.map(specification), ...rest(words)].map((line, index, all) =>
        index === all.length - 1 ? `      ${line} ;;` : `      ${line} \\`,
      ),
    ]),
    '  esac',
    '}',
    '# Read as a function of $fpath, or as a script.',
    'if [[ $funcstack[1] == _pevm ]]; then _pevm "$@"; else compdef _pevm pevm; fi',
  ].join('\n');
}

function fishScript(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, description, flags, words }) => {
    const within = `complete -c pevm -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c pevm -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
      ...flags.map((flag) => {
        const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
        const values = flag.values.length > 0 ? ` -a ${quoted(flag.values.join(' '))}` : '';
        const takes = flag.hint === undefined ? '' : flag.isFile ? ` -r -F${values}` : ` -x${values}`;
        return `${within} -l ${flag.name}${short}${takes} -d ${fishQuoted(flag.description)}`;
      }),
      ...(words === 'files' ? [`${within} -F`] : words.length > 0 ? [`${within} -a ${quoted(words.join(' '))}`] : []),
    ];
  });
  return [
    '# Completes pevm in fish; made by `pevm completion fish`.',
    'complete -c pevm -e',
    'complete -c pevm -f',
    `complete -c pevm -n __fish_use_subcommand -s h -l help -d ${quoted('print what there is')}`,
    `complete -c pevm -n __fish_use_subcommand -l version -d ${quoted('print the version')}`,
    ...lines,
  ].join('\n');
}

/** fish knows escapes within single quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
