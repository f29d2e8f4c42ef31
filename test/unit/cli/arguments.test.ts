// The command line's options: what is understood, and what is refused with which words.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { nearest } from '../../../src/base/nearest.ts';
import { helpFor, readNumber } from '../../../src/cli/arguments.ts';
import { readReplayOptions, replayCommand, replayNotes } from '../../../src/cli/replay-options.ts';

function refusal(...raw: string[]): string {
  try {
    readReplayOptions(raw);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error(`${raw.join(' ')} was accepted`);
}

describe('without a file', () => {
  test('the traffic block is compared with the sequential run', () => {
    const options = readReplayOptions([]);
    expect(options.files).toEqual([]);
    // Defaults would count more than the environment.
    expect(options.engine).toEqual({ options: {} });
    expect(options.rounds).toEqual({ sequential: true, warmUp: 2, repeat: 3 });
    expect(options.traffic).toEqual({ transactions: 200, conflictRate: 0.2, seed: '1', mix: {} });
  });

  test('options describe the block', () => {
    const raw = ['-n', '50', '--conflict-rate=0.75', '--seed', 'x', '--mix', 'ether=3,pairSwap=1', '--save', 'b.json'];
    const { traffic, save } = readReplayOptions(raw);
    const mix = { ether: 3, token: 0, pairSwap: 1, poolSwap: 0, mint: 0, failing: 0 };
    expect(traffic).toEqual({ transactions: 50, conflictRate: 0.75, seed: 'x', mix });
    expect(save).toBe('b.json');
  });
});

describe('with files', () => {
  test('they are run once, in parallel only', () => {
    const { files, rounds } = readReplayOptions(['one.json', '--workers', '4', 'two.json.gz']);
    expect(files).toEqual(['one.json', 'two.json.gz']);
    expect(rounds).toEqual({ sequential: false, warmUp: 0, repeat: 1 });
  });

  test('--sequential adds the comparison, with rounds that are fair to both', () => {
    expect(readReplayOptions(['one.json', '--sequential']).rounds).toEqual({ sequential: true, warmUp: 2, repeat: 3 });
    const raw = ['one.json', '--sequential', '--repeat', '5', '--warm-up', '0'];
    expect(readReplayOptions(raw).rounds).toEqual({ sequential: true, warmUp: 0, repeat: 5 });
  });

  test('a profile is one of one block', () => {
    const { profiling } = readReplayOptions(['one.json', '--trace', 't.json', '--flame', 'f.txt', '--profile']);
    expect(profiling).toEqual({ trace: 't.json', flame: 'f.txt', tables: true });
    expect(readReplayOptions(['--profile']).profiling).toEqual({ tables: true });
    expect(refusal('one.json', 'two.json', '--flame', 'f')).toBe(
      '--flame: is about one block, but several files are given',
    );
    expect(refusal('--rpc', 'http://x', '--trace', 't')).toBe('--trace: does not go with --rpc');
    expect(refusal('one.json', '--profile', '--json')).toBe('--profile: prints tables, and does not go with --json');
  });

  test('a witness is that of one block, in the place of its state', () => {
    expect(readReplayOptions(['one.json', '--witness', 'w.json']).witness).toEqual({ file: 'w.json' });
    const raw = ['one.json', '--witness', 'w.json', '--superfluous'];
    expect(readReplayOptions([...raw, 'ignore']).witness).toEqual({ file: 'w.json', superfluous: 'ignore' });
    expect(refusal(...raw, 'keep')).toBe('--superfluous: expected refuse or ignore, not "keep"');
    expect(refusal('one.json', '--superfluous', 'ignore')).toBe(
      '--superfluous: is about a witness: give its --witness',
    );
    expect(refusal('--witness', 'w.json')).toBe('--witness: is that of one block file, and 0 are given');
    expect(refusal('1.json', '2.json', '--witness', 'w')).toBe('--witness: is that of one block file, and 2 are given');
    expect(refusal('--rpc', 'http://x', '--witness', 'w')).toBe(
      '--witness: is that of one block file, and 0 are given',
    );
    for (const name of ['sequential', 'profile']) {
      expect(refusal('one.json', '--witness', 'w.json', `--${name}`)).toBe(
        `--${name}: takes the state, and does not go with --witness`,
      );
    }
  });

  test('what stands after -- is a file', () => {
    expect(readReplayOptions(['--json', '--', '--odd.json']).files).toEqual(['--odd.json']);
  });

  test('options of the traffic block are refused', () => {
    expect(refusal('one.json', '--seed', '1')).toBe('--seed: is about the traffic block, but files are given');
  });
});

test('an executor is a name, or a module by path or URL', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'pevm-')), 'mine.mjs');
  writeFileSync(file, '');
  expect(readReplayOptions(['-e', file]).engine.options.executor).toBe(pathToFileURL(file).href);
  expect(readReplayOptions(['-e', 'https://example.org/e.mjs']).engine.options.executor).toBe(
    'https://example.org/e.mjs',
  );
  expect(refusal('-e', 'etheriumjs')).toContain('did you mean ethereumjs?');
});

test.each([
  [['--worker', '2'], '--worker: unknown option; did you mean --workers?'],
  [['--sequental'], '--sequental: unknown option; did you mean --sequential?'],
  [['--conflictrate', '1'], '--conflictrate: unknown option; did you mean --conflict-rate?'],
  [['-q'], '-q: unknown option'],
  [['--workers'], '--workers: needs a value'],
  [['--workers', '--json'], '--workers: needs a value'],
  [['--json=yes'], '--json: takes no value, but got "yes"'],
  [['--json', '--json'], '--json: given twice'],
  [['--workers', '0'], '--workers: must be an integer from 1 to 64, not "0"'],
  [['--workers', '10000'], '--workers: must be an integer from 1 to 64, not "10000"'],
  [['--workers', '-1'], '--workers: must be auto or an integer from 1 to 64, not "-1"'],
  [['--workers', 'many'], '--workers: must be auto or an integer from 1 to 64, not "many"'],
  [['--transactions', '1e9'], '--transactions: must be an integer from 1 to 100000, not "1e9"'],
  [['--conflict-rate', '1.5'], '--conflict-rate: must be a number from 0 to 1, not "1.5"'],
  [['--conflict-rate', '-0.5'], '--conflict-rate: must be a number from 0 to 1, not "-0.5"'],
  [['--repeat', '0'], '--repeat: must be an integer from 1 to 1000, not "0"'],
  [['--mix', 'pairSwop=1'], '--mix: there is no kind "pairSwop"; did you mean pairSwap?'],
  [['--mix', 'ether=x'], '--mix ether: must be a number from 0 to 1000000, not "x"'],
])('%j is refused: %s', (raw, message) => {
  expect(refusal(...raw)).toBe(message);
});

test('numbers are decimal', () => {
  const bounds = { least: -5, most: 5 };
  expect(readNumber('x', '.5', bounds)).toBe(0.5);
  expect(readNumber('x', '-5', bounds)).toBe(-5);
  for (const text of ['', ' ', '0x1', 'NaN', 'Infinity', '1_0', '--1']) {
    expect(() => readNumber('x', text, bounds), text).toThrow(InputError);
  }
});

test('the nearest name is the one with the fewest mistakes, if they are few', () => {
  expect(nearest('sed', ['seed', 'save'])).toBe('seed');
  expect(nearest('zzzzzz', ['seed', 'save'])).toBeUndefined();
});

test('help fits 80 columns and tells every option', () => {
  const help = helpFor('pevm', replayCommand, replayNotes);
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  for (const name of Object.keys(replayCommand.args ?? {})) {
    expect(help).toContain(name === 'file' ? '[FILE…]' : `--${name}`);
  }
});
