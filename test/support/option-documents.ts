// What is written of options and metrics, made from their descriptors: src/option-types.ts, docs/options.md, docs/metrics.md.

import { METRICS } from '../../src/base/metrics.ts';
import { OPTION_GROUPS, type OptionGroup } from '../../src/config/descriptors.ts';
import { PRESETS, type PresetName, presetOptions } from '../../src/config/presets.ts';
import { SETTINGS, type Setting } from '../../src/config/settings.ts';
import { allowedWords, writtenValue } from '../../src/config/value-text.ts';

const WIDTH = 118;

/** The source of src/option-types.ts. */
export function optionTypes(): string {
  return `// The options that the library accepts. Made from src/config/descriptors.ts: \`npx vitest run test/unit/config -u\`.

import type { AccessOracle } from './access/access-oracle.ts';
import type { EngineLearned } from './access/learned-format.ts';
import type { Hex } from './base/hex.ts';
import type { TelemetryTracer } from './base/telemetry.ts';
import type { BlockInput, HeaderInput, LibraryBlock } from './block/block-input.ts';
import type { Expected } from './block/expected.ts';
import type { Hardfork } from './chain/hardfork.ts';
import type { BlockId } from './state/remote/state-requests.ts';
import type { StateSource } from './state/state-source.ts';
import type { ExecutionWitness, WitnessByHash } from './state/witness/execution-witness.ts';

${OPTION_GROUPS.map(interfaceOf).join('\n')}`;
}

function interfaceOf({ name, doc, options }: OptionGroup): string {
  const members = Object.entries(options).map(([key, { type, standard, doc: text, required = false }]) => {
    const whole = standard === undefined ? text : `${text} Default ${standard}.`;
    return `${commentOf(whole, '  ')}  readonly ${key}${required ? '' : '?'}: ${type};\n`;
  });
  return `${commentOf(doc, '')}export interface ${name} {\n${members.join('')}}\n`;
}

/** On one line where it fits, wrapped otherwise. */
function commentOf(text: string, indent: string): string {
  const short = `${indent}/** ${text} */`;
  if (short.length <= WIDTH) return `${short}\n`;
  const lines: string[] = [];
  let line = `${indent} *`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent} *`;
    }
    line += ` ${word}`;
  }
  return `${indent}/**\n${[...lines, line].join('\n')}\n${indent} */\n`;
}

/** The text of docs/options.md. */
export function optionsPage(): string {
  return `# Options

Made from the descriptors in \`src/config/descriptors.ts\`, from which the types and the checks follow too. Unknown keys and
values out of range are refused by an \`InputError\` that names the field, before any worker starts.

${OPTION_GROUPS.map(sectionOf).join('\n')}`;
}

function sectionOf({ name, doc, options }: OptionGroup): string {
  const rows = Object.entries(options).map(([key, { type, standard = '', doc: text }]) =>
    [`\`${key}\``, `\`${type}\``, standard, text.replace(/\{@link (\w+(?:\.\w+)*)\}/g, '`$1`')]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return `## ${name}

${doc}

| option | type | default | what it does |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}
`;
}

/** The text of docs/configuration.md: what is written by hand, with the tables made anew. */
export function configurationPage(page: string): string {
  const tables: Readonly<Record<string, string>> = { presets: presetTable(), settings: settingTable() };
  return page.replace(/(<!-- made: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, start, name, end) => {
    return `${start}\n${tables[name]}\n\n${end}`;
  });
}

function presetTable(): string {
  const rows = (Object.keys(PRESETS) as PresetName[]).map((name) => {
    const { workers, memory, window } = presetOptions(name);
    const values = { workers, 'memory.maximumMiB': memory?.maximumMiB, window };
    const given = Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [`\`${key}: ${value}\``],
    );
    return `| \`${name}\` | ${given.join(', ')} | ${PRESETS[name].doc} |`;
  });
  return ['| preset | options | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}

function settingTable(): string {
  const rows = [...SETTINGS].map(([key, setting]) => `| ${settingCells(key, setting).join(' | ')} |`);
  const head = '| setting | values | default | option | variables | what it does |';
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function settingCells(key: string, { kind, value, standard = '', path, variables, doc, only, why }: Setting): string[] {
  const known = only ?? value;
  const fallback = known === undefined ? standard : `\`${writtenValue(kind, known)}\``;
  const option = path === undefined ? '' : `\`${path.join('.')}\``;
  const allowed = only === undefined ? allowedWords(kind) : `\`${only}\` only`;
  const reason = why === undefined ? '' : ` ${only === undefined ? 'No effect' : 'Others are refused'}: ${why}.`;
  const text = `${doc.replace(/\{@link (\w+(?:\.\w+)*)\}/g, '`$1`')}${reason}`;
  const names = variables.map((name) => `\`${name}\``).join(', ');
  return [`\`${key}\``, allowed, fallback, option, names, text];
}

/** The text of docs/metrics.md. */
export function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, { unit, doc }]) => `| \`${name}\` | ${unit} | ${doc} |`);
  return `# Metrics

Counters of the core, per worker in \`report.perWorker\`, summed in \`report.counters\`, and over all runs of an engine in
\`engine.metrics().counters\`. Made from the descriptors in \`src/base/metrics.ts\`.

| metric | unit | what it counts |
| --- | --- | --- |
${rows.join('\n')}
`;
}
