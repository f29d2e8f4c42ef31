// What the command line knows about its terminal: colours where they are wanted, width, aligned columns, progress.
import { SingleBar } from 'cli-progress';
import { printable } from '../base/printable.ts';

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

export type Style = keyof typeof styles;
/** Adds a style to text; where there are no colours it is taken away again before it is written. */
export type Paint = (style: Style, text: string) => string;

/** Where output goes. Tests replace it. */
export interface Terminal {
  readonly paint: Paint;
  /** Where messages and the bar go. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** One line to stdout. */
  print(line: string): void;
  /** One line to stderr. */
  complain(line: string): void;
}

/** The terminal of this process. Colours: where that stream is a terminal, unless `NO_COLOR` is set (no-color.org). */
export function processTerminal({ stdout, stderr, env }: Surroundings = process): Terminal {
  const wanted = !env.NO_COLOR && env.TERM !== 'dumb';
  const shown = (stream: Surroundings['stdout'], line: string) => {
    const safe = withoutControls(line);
    stream.write(`${wanted && stream.isTTY === true ? safe : withoutStyles(safe)}\n`);
  };
  return {
    paint: (style, text) => `\x1b[${styles[style][0]}m${text}\x1b[${styles[style][1]}m`,
    stderr,
    print: (line) => shown(stdout, line),
    complain: (line) => shown(stderr, line),
  };
}

/** What of a process a terminal is made of. */
type Surroundings = Readonly<Record<'stdout' | 'stderr', Terminal['stderr']>> & {
  readonly env: Readonly<Record<string, string | undefined>>;
};

function withoutStyles(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles are control characters
  return line.replace(/\x1b\[\d+m/g, '');
}

/** A line without control characters but for styles: names of files come from outside. */
export function withoutControls(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles are control characters
  return line.replace(/(\x1b\[\d+m)|([^\x1b]+|\x1b)/g, (_, style?: string, text = '') => style ?? printable(text));
}

/** The progress of work that is counted, as a bar on a terminal and as nothing elsewhere. */
export interface Progress {
  /** Says what goes on. */
  begin(activity: string): void;
  /** Adds to what is done. */
  advance(count: number): void;
  /** Sets what is done. */
  reach(done: number): void;
  /** Takes the bar away. */
  end(): void;
}

/** @param total what all of the work counts */
export function startProgress({ stderr }: Terminal, total: number, wanted: boolean): Progress {
  if (!wanted || stderr.isTTY !== true) return { begin() {}, advance() {}, reach() {}, end() {} };
  const bar = new SingleBar({
    format: '{activity} {bar} {percentage} %',
    barCompleteChar: '━',
    barIncompleteChar: '─',
    barsize: 32,
    // Ctrl-C ends the process at once, and a hidden cursor would stay hidden
    hideCursor: false,
    clearOnComplete: true,
    stream: stderr,
    // half of our work leaves the event loop no time for timers
    synchronousUpdate: true,
  });
  let done = 0;
  bar.start(total, 0, { activity: ''.padEnd(activityWidth) });
  return {
    begin: (activity) => bar.update(done, { activity: activity.padEnd(activityWidth) }),
    advance: (count) => {
      done += count;
      bar.update(done);
    },
    reach: (count) => {
      done = count;
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}

const activityWidth = 26;

/** Printed width of a line, without styles. */
export function widthOf(text: string): number {
  return withoutStyles(text).length;
}

/** Text padded to a width, to the left (positive) or to the right (negative) as in printf. */
export function align(text: string, width: number): string {
  const padding = ' '.repeat(Math.max(0, Math.abs(width) - widthOf(text)));
  return width < 0 ? text + padding : padding + text;
}

/** Breaks text between words into lines of at most `width`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
