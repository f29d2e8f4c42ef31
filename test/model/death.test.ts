// Taking incarnations back, and losing a worker at any step: it is declared dead, and stops for ever or goes on as a zombie.

import { long } from '../support/effort.ts';
import { abortConfigurations } from '../support/model-abort.ts';
import { deathConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

const few = long ? 4 : 3;
for (const configuration of abortConfigurations) exploreConfiguration(configuration, few, 0.04);
for (const [at, configuration] of deathConfigurations.entries()) {
  exploreConfiguration(configuration, at === 0 ? few : few - 1, 0.04);
}
