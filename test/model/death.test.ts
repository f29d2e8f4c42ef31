// Taking incarnations back, and losing a worker at any step: it is declared dead, and stops for ever or goes on as a zombie.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { abortConfigurations } from '../support/model-abort.ts';
import { deathConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

const few = long ? 4 : 3;

describe('an incarnation is taken back once, as a whole', () => {
  for (const configuration of abortConfigurations) exploreConfiguration(configuration, few, 0.04);
});

describe('a worker may be lost at any step', () => {
  for (const [at, configuration] of deathConfigurations.slice(0, 3).entries()) {
    exploreConfiguration(configuration, at === 0 ? few : 3, 0.04);
  }
});
