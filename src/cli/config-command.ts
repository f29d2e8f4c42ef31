// The command `pevm config`: each setting, its value, and who has said so.

import { type CommandDef, defineCommand, parseArgs } from 'citty';
import { InputError } from '../base/errors.ts';
import { configurationSchema } from '../config/configuration-schema.ts';
import { checkArguments, type Example, positionalsOf } from './arguments.ts';
import { configurationOf, type EngineFlags, engineArguments, readEngineFlags } from './configuration.ts';
import { align, type Terminal } from './terminal.ts';

export interface ConfigOptions {
  readonly engine: EngineFlags;
  readonly json: boolean;
  readonly schema: boolean;
}

export const configCommand = defineCommand({
  meta: { name: 'config', description: 'print each setting with its value, and who has said so' },
  args: {
    ...engineArguments,
    executor: { type: 'string', alias: 'e', valueHint: 'NAME', description: 'as of pevm replay' },
    json: { type: 'boolean', description: 'one JSON object' },
    schema: { type: 'boolean', description: 'a JSON schema of the settings instead, for editors' },
  },
});

export const configExamples: readonly Example[] = [
  ['config', 'what holds here'],
  ['config --preset audit --json', 'what a preset would change, for programs'],
  ['config --schema > pevm.schema.json', 'a schema for editors'],
];

export const configNotes = [
  'Flags count more than the environment, that more than the file, and that more than the preset. Exit code: 0, or 2 for wrong usage or input.',
];

/** @throws {InputError} that names the flag */
export function readConfigOptions(raw: readonly string[]): ConfigOptions {
  const definitions = configCommand.args as NonNullable<CommandDef['args']> & Record<string, object>;
  checkArguments(raw, definitions);
  const [stray] = positionalsOf(raw, definitions);
  if (stray !== undefined) throw new InputError(stray, 'there is nothing to say without a flag');
  const given = parseArgs([...raw], definitions) as Readonly<Record<string, string | boolean | undefined>>;
  return { engine: readEngineFlags(given), json: given.json === true, schema: given.schema === true };
}

/** Prints; the exit code. @throws InputError for what is wrong with the configuration */
export async function printConfiguration(
  { engine, json, schema }: ConfigOptions,
  { print, paint }: Terminal,
): Promise<number> {
  if (schema) {
    print(JSON.stringify(configurationSchema()));
    return 0;
  }
  const { settings } = await configurationOf(engine);
  if (json) {
    const rows = settings.map(({ setting, value, written, origin, note }) => [
      setting,
      { value: value === undefined ? null : written, origin, ...(note === undefined ? {} : { note }) },
    ]);
    print(JSON.stringify(Object.fromEntries(rows)));
    return 0;
  }
  const wide = Math.max(...settings.map(({ setting }) => setting.length)) + 2;
  const column = Math.max(...settings.map(({ written }) => written.length)) + 2;
  for (const { setting, written, origin, note } of settings) {
    const shown = origin === 'default' ? paint('dim', origin) : origin;
    print(`${align(setting, -wide)}${align(written, -column)}${shown}`);
    if (note !== undefined) print(paint('yellow', `  ${note}`));
  }
  return 0;
}
