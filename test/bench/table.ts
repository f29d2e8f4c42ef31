// Markdown tables and number formats of everything that the benchmark prints.

/** A Markdown table; the first column is left-aligned, the others to the right. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(columns), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** What was not measured. */
export const NONE = '–';

export function fixed(value: number | undefined, digits: number): string {
  return value === undefined || !Number.isFinite(value) ? NONE : value.toFixed(digits);
}

export function times(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? NONE : `${value.toFixed(value < 10 ? 2 : 1)}×`;
}

export function percent(value: number): string {
  return `${Math.round(value * 100)} %`;
}
