// The JSON schema of `pevm.config.yaml`, for editors.

import type { Kind } from './descriptor.ts';
import { SETTINGS, type Setting } from './settings.ts';
import { DURATION_PATTERN, PORT_PATTERN, SIZE_PATTERN, writtenValue } from './value-text.ts';

type Schema = Readonly<Record<string, unknown>>;

/** JSON Schema 2020-12. What it cannot say (bounds of sizes and durations) is checked when the file is read. */
export function configurationSchema(): Schema {
  const sections: Record<string, Record<string, Schema>> = {};
  for (const setting of SETTINGS.values()) {
    sections[setting.section] ??= {};
    sections[setting.section]![setting.name] = schemaOf(setting);
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'pevm.config.yaml',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(sections).map(([name, properties]) => [
        name,
        { type: ['object', 'null'], additionalProperties: false, properties },
      ]),
    ),
  };
}

function schemaOf({ kind, doc, value, only, why }: Setting): Schema {
  const description = why === undefined ? doc : `${doc} ${only === undefined ? 'No effect' : 'Fixed'}: ${why}.`;
  const fallback = only ?? value;
  return {
    description,
    ...(only === undefined ? valuesOf(kind) : { enum: spellings(String(only), only) }),
    ...(fallback === undefined ? {} : { default: inJson(kind, fallback) }),
  };
}

function valuesOf(kind: Kind): Schema {
  const { values, word } = kind;
  const other = word === undefined ? [] : [{ const: word }];
  const own = formOf(values);
  return other.length === 0 ? own : { anyOf: [own, ...other] };
}

function formOf(values: Kind['values']): Schema {
  switch (values?.form) {
    case 'truth':
      return { type: 'boolean' };
    case 'number':
      if (values.unit === 'MiB') return { type: 'string', pattern: SIZE_PATTERN };
      if (values.unit === 'ms') return { type: 'string', pattern: DURATION_PATTERN };
      return {
        type: values.integer === true ? 'integer' : 'number',
        minimum: values.minimum,
        maximum: values.maximum,
      };
    case 'bigint':
      return {
        anyOf: [
          { type: 'integer', minimum: Number(values.minimum) },
          { type: 'string', pattern: '^[0-9]+$' },
        ],
      };
    case 'choice':
      return { enum: values.names.flatMap((name) => spellings(name, name)) };
    case 'port':
      return {
        anyOf: [
          { type: 'integer', minimum: 0, maximum: 65_535 },
          { type: 'string', pattern: PORT_PATTERN },
        ],
      };
    default:
      return { type: 'string', minLength: 1 };
  }
}

/** A name of several words may be written as pevm-go does. */
function spellings(name: string, value: unknown): unknown[] {
  return name.includes('-') ? [value, name.replaceAll('-', '_')] : [value];
}

function inJson(kind: Kind, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return kind.values?.form === 'number' && kind.values.unit !== undefined ? writtenValue(kind, value) : value;
}
