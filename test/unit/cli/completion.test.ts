// Completion scripts: what bash, zsh and fish propose, asked of the shells themselves where they are installed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installed } from '../../../scripts/debian.mjs';
import { InputError } from '../../../src/base/errors.ts';
import { COMMANDS, definitionsOf } from '../../../src/cli/commands.ts';
import { completionScript, readCompletionOptions, type Shell, VALUES } from '../../../src/cli/completion.ts';

const folder = mkdtempSync(join(tmpdir(), 'pevm-completion-'));

function scriptFile(shell: Shell): string {
  const file = join(folder, `pevm.${shell}`);
  writeFileSync(file, completionScript(shell, definitionsOf()));
  return file;
}

/** What bash proposes for the last of the words. */
function bashProposes(...words: string[]): string[] {
  const program = `source ${scriptFile('bash')}; COMP_WORDS=(pevm "$@"); COMP_CWORD=$#; _pevm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(installed('bash') === undefined)('bash', () => {
  test('proposes commands', () => {
    expect(bashProposes('')).toEqual([...Object.keys(COMMANDS), '--help', '--version']);
    expect(bashProposes('re')).toEqual(['replay']);
  });

  test('proposes the flags of a command, long and short', () => {
    const flags = bashProposes('serve', '-');
    expect(flags).toEqual(expect.arrayContaining(['--genesis', '--port', '-p', '--json', '--help', '-h']));
    expect(flags).not.toContain('--transactions');
    expect(bashProposes('replay', 'block.json', '--conf')).toEqual(['--config', '--conflict-rate']);
  });

  test('proposes what may stand behind a flag, and nothing where that may be anything', () => {
    expect(bashProposes('replay', '--verify-state', '')).toEqual(['proofs', 'reads']);
    expect(bashProposes('replay', '-e', 'w')).toEqual(['wasm']);
    expect(bashProposes('trace', '--tracer', 'call')).toEqual(['callTracer']);
    expect(bashProposes('replay', '--seed', '')).toEqual([]);
    expect(bashProposes('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('leaves files to the shell', () => {
    for (const words of [
      ['replay', ''],
      ['replay', '--config', ''],
      ['preview', ''],
    ])
      expect(bashProposes(...words)).toEqual([]);
    const { stdout } = spawnSync('bash', ['-c', `source ${scriptFile('bash')}; complete -p pevm`], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('complete -o default -F _pevm pevm\n');
  });
});

describe.skipIf(installed('fish') === undefined)('fish', () => {
  test.for([
    ['pevm ser', /^serve\tanswer JSON-RPC/m],
    ['pevm replay --verify-state ', /^proofs$/m],
    ['pevm replay --super', /^--superfluous\t/m],
  ] as const)('proposes for %s', ([line, expected]) => {
    const program = `source ${scriptFile('fish')}; complete -C '${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(expected);
  });
});

test.skipIf(installed('zsh') === undefined)('zsh reads its script', () => {
  const { status, stderr } = spawnSync('zsh', ['-f', '-n', scriptFile('zsh')], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('no shell is told anything that it would take for its own', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const text = completionScript(shell, definitionsOf());
    for (const name of Object.keys(COMMANDS)) expect(text).toContain(name);
    // Every quote that opens also closes.
    for (const line of text.split('\n')) {
      const marks = line.replaceAll(/\\'|'\\''|"[^"]*"/g, '').split("'").length - 1;
      expect(marks % 2, line).toBe(0);
    }
  }
});

test('values are proposed for flags that there are', () => {
  const flags = new Set(definitionsOf().flatMap(({ args }) => Object.keys(args ?? {})));
  expect(Object.keys(VALUES).filter((name) => !flags.has(name))).toEqual([]);
});

test('a wrong shell is refused by name', () => {
  expect(readCompletionOptions(['fish', '--json'])).toEqual({ shell: 'fish', json: true });
  for (const [raw, message] of [
    [[], 'SHELL: which? bash, zsh, fish'],
    [['bsh'], 'bsh: did you mean bash?'],
    [['powershell'], 'powershell: there are bash, zsh, fish'],
    [['bash', 'zsh'], 'zsh: one shell at a time'],
  ] as const) {
    expect(() => readCompletionOptions(raw)).toThrow(InputError);
    expect(() => readCompletionOptions(raw)).toThrow(message);
  }
});
