// What is written of options and metrics, made from their descriptors: src/option-types.ts, docs/options.md, docs/metrics.md.

import { METRICS } from '../../src/base/metrics.ts';
import { OPTION_GROUPS, type OptionGroup } from '../../src/config/descriptors.ts';

const WIDTH = 118;

/** The source of src/option-types.ts. */
export function optionTypes(): string {
  return `// The options that the library accepts. Made from src/config/descriptors.ts: \`npx vitest run test/unit/config -u\`.

import type { AccessOracle } from './access/access-oracle.ts';
import type { Hex } from './base/hex.ts';
import type { BlockInput, HeaderInput, LibraryBlock } from './block/block-input.ts';
import type { Expected } from './block/expected.ts';
import type { Hardfork } from './chain/hardfork.ts';
import type { BlockId } from './state/remote/state-requests.ts';
import type { StateSource } from './state/state-source.ts';

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
